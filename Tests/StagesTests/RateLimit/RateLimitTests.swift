import Pipeline
import PipelineTestKit
import Services
import Stages
import Testing

@Suite("rate_limit refuses what comes too fast")
struct RateLimitTests {
  private let fixture: StageFixture

  init() throws { fixture = try StageFixture() }

  private func chain(_ configuration: RateLimitConfiguration) async throws -> TestChain {
    TestChain(
      [try await fixture.stage(RateLimit.self, configuration), ChainStage(Accepting())],
      clock: fixture.clock.clock)
  }

  private func codes(_ client: TestClient, _ count: Int, _ type: EventType = .newMessage) -> [ErrorCode?] {
    client.send((0..<count).map { _ in (type, EventData(), nil) })
    return client.takeReplies().map { $0.rejection?.code }
  }

  @Test("A burst passes, what exceeds it is told when to come back, and then passes")
  func burst() async throws {
    let chain = try await chain(RateLimitConfiguration(rate: Rate("10/s"), burst: 3))
    let alice = chain.connect()
    alice.send((0..<5).map { _ in (.newMessage, EventData(), nil) })
    let replies = alice.takeReplies()
    #expect(replies.map { $0.rejection?.code } == [nil, nil, nil, .rateLimited, .rateLimited])
    let wait = try #require(replies.last?.rejection?.retryAfter)
    #expect(wait > .zero && wait <= .milliseconds(100))
    fixture.clock.advance(by: wait)
    #expect(codes(alice, 2) == [nil, .rateLimited])
  }

  @Test("Users are counted apart, on all their connections together; the unknown by their address")
  func subjects() async throws {
    let chain = try await chain(RateLimitConfiguration(burst: 2))
    #expect(codes(chain.connect(), 2) == [nil, nil])
    #expect(codes(chain.connect(), 1) == [.rateLimited])
    #expect(codes(chain.connect(as: Identity(userID: "bob")), 1) == [nil])
    #expect(codes(chain.connect(as: nil), 3) == [nil, nil, .rateLimited])
  }

  @Test("A user whose id is an address is not counted with that address")
  func addressLikeUser() async throws {
    let chain = try await chain(RateLimitConfiguration(burst: 1))
    #expect(codes(chain.connect(as: Identity(userID: "127.0.0.1")), 1) == [nil])
    #expect(codes(chain.connect(as: nil), 1) == [nil])
  }

  @Test("A type's own limit is counted apart and as well")
  func perType() async throws {
    let chain = try await chain(
      RateLimitConfiguration(burst: 10, perType: ["PING": Rate("1/s")!]))
    let alice = chain.connect()
    #expect(codes(alice, 2, .ping) == [nil, .rateLimited])
    #expect(codes(alice, 3) == [nil, nil, nil])
  }

  @Test("A receipt for many messages counts as many events")
  func receiptsCost() async throws {
    let chain = try await chain(RateLimitConfiguration(burst: 10))
    let alice = chain.connect()
    var data = EventData()
    try data.set("messageIds", json: Array(#"["a","b","c","d","e","f","g","h"]"#.utf8))
    alice.send(.messageRead, data)
    #expect(alice.takeReplies().first?.rejection == nil)
    #expect(codes(alice, 3) == [nil, nil, .rateLimited])
  }

  @Test("An HTTP read costs nothing, a call that changes something does, and connecting counts")
  func reservedTypes() async throws {
    let chain = try await chain(RateLimitConfiguration(burst: 1))
    let alice = chain.connect()
    var change = EventData()
    try change.set("changes", json: Array("true".utf8))
    alice.send((0..<3).map { _ in (.query, EventData(), nil) } + (0..<2).map { _ in (.query, change, nil) })
    #expect(alice.takeReplies().map { $0.rejection?.code } == [nil, nil, nil, nil, .rateLimited])
    #expect(RateLimit.events.takes(.connect) && !RateLimit.events.takes(.disconnect))
  }

  @Test("One's own backend is not limited")
  func backend() async throws {
    let chain = try await chain(RateLimitConfiguration(burst: 1))
    #expect(codes(chain.connect(as: Identity(userID: "system", isBackend: true)), 3) == [nil, nil, nil])
  }
}

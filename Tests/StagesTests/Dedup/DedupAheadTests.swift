import Pipeline
import PipelineTestKit
import Services
import Stages
import Testing

@Suite("dedup asks a distant state while the rate limit is asked")
struct DedupAheadTests {
  private let fixture: StageFixture
  private let state: HeldState

  init() throws {
    fixture = try StageFixture()
    state = HeldState(fixture.state)
  }

  /// A rate limit, another stage, dedup and persist on a state that is a trip away.
  private func chain(_ between: any Stage = Passing { _ in }) async throws -> TestChain {
    var services = ServiceSet()
    services[SharedStateKey.self] = state
    func context(_ type: any Stage.Type) -> StageContext {
      TestChain.context(for: type, services: services, clock: fixture.clock.clock)
    }
    return TestChain(
      [
        ChainStage(try RateLimit(RateLimitConfiguration(), context(RateLimit.self))), ChainStage(between),
        ChainStage(try Dedup(DedupConfiguration(), context(Dedup.self))),
        try await fixture.stage(Persist.self, PersistConfiguration()),
      ], clock: fixture.clock.clock)
  }

  private let hello: EventData = ["tempId": "t1", "receiverId": "bob", "content": "hi"]

  /// Sends a message; the state answers as often as it is asked.
  private func send(_ data: EventData, through chain: TestChain) async -> (reply: Reply, trips: Int) {
    let client = chain.connect()
    client.send(.newMessage, data)
    var trips = 0
    while state.waiting > 0 {
      trips += 1
      chain.executor.drive { state.answer() }
    }
    return (await client.nextReply(), trips)
  }

  @Test("Both are asked in one trip, and a repetition is answered")
  func oneTrip() async throws {
    let chain = try await chain()
    let first = await send(hello, through: chain)
    #expect(first.reply.event.type == .messageSent && first.trips == 1)
    let again = await send(hello, through: chain)
    #expect(again.reply.bool("duplicate") == true && again.trips == 1)
    #expect(again.reply.text("messageId") == first.reply.text("messageId"))
    #expect(state.recalls == [["t1"], ["t1"]])
  }

  @Test("What a stage between them has changed is asked anew")
  func changed() async throws {
    let chain = try await chain(Passing { $0.data.set("tempId", to: "t2") })
    #expect(await send(hello, through: chain).trips == 2)
    #expect(state.recalls == [["t1"], ["t2"]])
  }

  @Test("Another body under a used tempId is refused, also one that a stage between them has made")
  func otherBody() async throws {
    _ = await send(hello, through: try await chain())
    let chain = try await chain(Passing { $0.data.set("content", to: "ho") })
    #expect(await send(hello, through: chain).reply.rejection?.code == .invalidEvent)
  }

  @Test("Where the state fails, the store decides")
  func broken() async throws {
    let chain = try await chain()
    let first = await send(hello, through: chain)
    state.breakDown()
    let again = await send(hello, through: chain)
    #expect(again.reply.text("messageId") == first.reply.text("messageId"))
    #expect(again.reply.bool("duplicate") == true && chain.observer.faults == ["dedup: broken"])
  }
}

/// Changes events and lets them pass.
private struct Passing: EventStage {
  static let name = "passing"
  let change: @Sendable (inout Event) -> Void
  init(_ change: @escaping @Sendable (inout Event) -> Void) { self.change = change }
  init(_ configuration: NoConfiguration, _ context: StageContext) { change = { _ in } }
  func process(_ event: inout Event) -> Verdict {
    change(&event)
    return .continue
  }
}

import Pipeline
import PipelineTestKit
import SQLiteStore
import Services
import Stages
import Testing

@Suite("persist stores, answers and leaves what is to be delivered")
struct PersistTests {
  private let fixture: StageFixture

  init() throws { fixture = try StageFixture() }

  private func chain(_ configuration: PersistConfiguration = PersistConfiguration()) async throws -> TestChain
  {
    TestChain(
      [
        try await fixture.stage(Persist.self, configuration),
        try await fixture.stage(FanOut.self, FanOut.Configuration()),
      ])
  }

  private func sync(_ user: String) async -> [StoredMessage] {
    await withCheckedContinuation { continuation in
      fixture.store.sync(SyncRequest(userID: user, start: .beginning)) { result in
        continuation.resume(returning: (try? result.get())?.messages ?? [])
      }
    }
  }

  @Test("A message is answered with its id, stored, and goes to the receiver and the sender's other devices")
  func message() async throws {
    let chain = try await chain()
    let alice = chain.connect(as: Identity(userID: "alice", name: "Alice"))
    alice.send(.newMessage, ["tempId": "t1", "receiverId": "bob", "content": "hi"])
    let reply = await alice.nextReply()
    #expect(reply.event.type == .messageSent && reply.text("tempId") == "t1")
    let stored = await sync("bob")
    #expect(stored.map(\.content) == ["hi"] && stored.first?.id.description == reply.text("messageId"))
    let deliveries = fixture.router.deliveries
    #expect(deliveries.map(\.userID) == ["bob", "alice"])
    #expect(deliveries.map(\.except) == [nil, alice.connection.id])
    let toBob = try EventData(json: Array(deliveries[0].event.data))
    #expect(toBob.string("senderName") == "Alice" && toBob.kind("tempId") == nil)
    let toAlice = try EventData(json: Array(deliveries[1].event.data))
    #expect(toAlice.string("tempId") == "t1")
  }

  @Test("The same tempId again is a duplicate and delivered to nobody; with another body it is refused")
  func duplicates() async throws {
    let chain = try await chain()
    let data: EventData = ["tempId": "t1", "receiverId": "bob", "content": "hi"]
    let first = await chain.send(.newMessage, data)
    let again = await chain.send(.newMessage, data)
    #expect(again.text("messageId") == first.text("messageId") && again.bool("duplicate") == true)
    #expect(fixture.router.deliveries.count == 2)
    let other = await chain.send(.newMessage, ["tempId": "t1", "receiverId": "bob", "content": "ho"])
    #expect(other.rejection?.code == .invalidEvent)
    #expect(await sync("bob").count == 1)
  }

  @Test("One bad event of a batch fails alone")
  func badEventAlone() async throws {
    let chain = try await chain()
    let alice = chain.connect()
    alice.send([
      (.newMessage, ["tempId": "a", "receiverId": "bob", "content": "1"], nil),
      (.newMessage, ["tempId": "b", "receiverId": "bob", "content": "\0"], nil),
      (.newMessage, ["tempId": "c", "receiverId": "bob", "content": "3"], nil),
    ])
    var codes: [ErrorCode?] = []
    for _ in 0..<3 { codes.append(await alice.nextReply().rejection?.code) }
    #expect(codes == [nil, .invalidEvent, nil])
    #expect(await sync("bob").map(\.content) == ["1", "3"])
  }

  @Test(
    "A malformed message gets an error that names the field",
    arguments: [
      ([:], ErrorCode.invalidEvent, "data.tempId is missing"),
      (["tempId": "t", "content": "x"], .invalidEvent, "data.receiverId is missing"),
      (
        ["tempId": "t", "receiverId": "", "content": "x"], .invalidEvent, "data.receiverId must not be empty"
      ),
      (["tempId": "t", "receiverId": "bob", "content": ""], .invalidEvent, "data.content must not be empty"),
      (
        ["tempId": "t", "receiverId": "bob", "content": "12345"], .payloadTooLarge,
        "data.content has more than 4 bytes"
      ),
      (
        ["tempId": String(repeating: "x", count: 257), "receiverId": "bob", "content": "x"], .payloadTooLarge,
        "data.tempId has more than 256 characters"
      ),
      (
        ["tempId": "t", "receiverId": "bob", "content": "x", "metadata": "y"], .invalidEvent,
        "data.metadata must be an object"
      ),
      (
        ["tempId": "t", "receiverId": "bob", "content": "x", "replyTo": "y"], .notFound,
        "data.replyTo names no message of yours"
      ),
    ] as [([String: String], ErrorCode, String)])
  func malformed(fields: [String: String], code: ErrorCode, message: String) async throws {
    let chain = try await chain(PersistConfiguration(maxContent: ByteSize("4B")))
    var data = EventData()
    for (key, value) in fields { data.set(key, to: value) }
    let reply = await chain.send(.newMessage, data)
    #expect(reply.rejection?.code == code && reply.rejection?.message == message)
  }

  @Test("Only the receiver marks a message as read, once; the sender and the reader's devices hear of it")
  func receipts() async throws {
    let chain = try await chain()
    let sent = await chain.send(.newMessage, ["tempId": "t1", "receiverId": "bob", "content": "hi"])
    let id = try #require(sent.text("messageId"))
    let forbidden = await chain.send(.messageRead, ["messageId": id])
    #expect(forbidden.rejection?.code == .forbidden)
    let stranger = await chain.send(.messageRead, ["messageId": id], as: Identity(userID: "eve"))
    #expect(stranger.rejection?.code == .notFound)
    let bob = Identity(userID: "bob")
    let read = await chain.send(.messageRead, ["messageId": id], as: bob)
    #expect(read.event.type == .messageReadUpdate && read.text("readerId") == "bob")
    let updates = fixture.router.deliveries.dropFirst(2)
    #expect(updates.map(\.userID) == ["alice", "bob"])
    fixture.clock.advance(by: .seconds(5))
    let again = await chain.send(.messageRead, ["messageId": id], as: bob)
    #expect(again.text("readAt") == read.text("readAt"))
    #expect(fixture.router.deliveries.count == 4)
  }

  @Test("The horizon passes a message only when its effects have been carried out")
  func horizon() async throws {
    let chain = try await chain()
    let before = fixture.store.horizon.position
    _ = await chain.send(.newMessage, ["tempId": "t1", "receiverId": "bob", "content": "hi"])
    #expect(fixture.store.horizon.position == before + 1)
  }
}

import Pipeline
import PipelineTestKit
import Services
import Stages
import Testing

@Suite("dedup answers what was sent again from memory")
struct DedupTests {
  private let fixture: StageFixture

  init() throws { fixture = try StageFixture() }

  private func chain() async throws -> TestChain {
    TestChain(
      [
        try await fixture.stage(Dedup.self, DedupConfiguration(window: ConfigDuration("60s"))),
        try await fixture.stage(Persist.self, PersistConfiguration()),
      ], clock: fixture.clock.clock)
  }

  private let hello: EventData = ["tempId": "t1", "receiverId": "bob", "content": "hi"]

  private func seenByPersist(_ chain: TestChain) -> UInt64 { chain.engine.figures[1].events }

  @Test("A repetition is answered with the first id and does not reach the store")
  func repetition() async throws {
    let chain = try await chain()
    let first = await chain.send(.newMessage, hello)
    let again = await chain.send(.newMessage, hello)
    #expect(again.text("messageId") == first.text("messageId") && again.bool("duplicate") == true)
    #expect(seenByPersist(chain) == 1)
  }

  @Test("After the window the store decides, with the same answer")
  func afterTheWindow() async throws {
    let chain = try await chain()
    let first = await chain.send(.newMessage, hello)
    fixture.clock.advance(by: .seconds(61))
    let again = await chain.send(.newMessage, hello)
    #expect(again.text("messageId") == first.text("messageId") && again.bool("duplicate") == true)
    #expect(seenByPersist(chain) == 2)
  }

  @Test("Another body under the same tempId is refused; another sender's same tempId is another message")
  func otherBodies() async throws {
    let chain = try await chain()
    let first = await chain.send(.newMessage, hello)
    let other = await chain.send(.newMessage, ["tempId": "t1", "receiverId": "bob", "content": "ho"])
    #expect(other.rejection?.code == .invalidEvent && other.rejection?.stage == "dedup")
    let carols = await chain.send(.newMessage, hello, as: Identity(userID: "carol"))
    #expect(carols.event.type == .messageSent && carols.text("messageId") != first.text("messageId"))
  }

  @Test("What was not stored is not remembered, so that it can be sent again")
  func rejectedSends() async throws {
    let chain = try await chain()
    let wrong: EventData = ["tempId": "t1", "receiverId": "bob", "content": ""]
    #expect(await chain.send(.newMessage, wrong).rejection?.code == .invalidEvent)
    #expect(await chain.send(.newMessage, hello).event.type == .messageSent)
  }

  @Test("Sends of one batch with the same tempId are one message")
  func sameBatch() async throws {
    let chain = try await chain()
    let alice = chain.connect()
    alice.send([(.newMessage, hello, "1"), (.newMessage, hello, "2")])
    let replies = [await alice.nextReply(), await alice.nextReply()]
    #expect(Set(replies.map { $0.text("messageId") }).count == 1)
    #expect(replies.map { $0.bool("duplicate") } == [nil, true])
  }
}

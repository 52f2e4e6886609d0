import Pipeline
import PipelineTestKit
import Services
import Stages
import Testing

@Suite("fan_out delivers")
struct FanOutTests {
  private let fixture: StageFixture

  init() throws { fixture = try StageFixture() }

  @Test("Without a store, ephemeral messages are delivered and say that they are not durable")
  func ephemeral() async throws {
    let chain = TestChain([try await fixture.stage(FanOut.self, FanOut.Configuration(ephemeral: true))])
    let reply = await chain.send(.newMessage, ["tempId": "t", "receiverId": "bob", "content": "hi"])
    #expect(reply.event.type == .messageSent && reply.bool("durable") == false)
    #expect(fixture.router.deliveries.map(\.userID) == ["bob", "alice"])
    let receipt = await chain.send(.messageRead, ["messageId": "msg_0000000000000"])
    #expect(receipt.rejection?.code == .notFound)
  }

  @Test("It needs a durable id unless it is ephemeral")
  func requirements() {
    #expect(FanOut.requirements(FanOut.Configuration()).needs == [.durableID])
    #expect(FanOut.requirements(FanOut.Configuration(ephemeral: true)).needs == [.identity])
  }

  @Test("A message to oneself goes to one's other devices once")
  func toOneself() async throws {
    let chain = TestChain(
      [
        try await fixture.stage(Persist.self, PersistConfiguration()),
        try await fixture.stage(FanOut.self, FanOut.Configuration()),
      ])
    _ = await chain.send(.newMessage, ["tempId": "t", "receiverId": "alice", "content": "note"])
    #expect(fixture.router.deliveries.map(\.userID) == ["alice"])
  }
}

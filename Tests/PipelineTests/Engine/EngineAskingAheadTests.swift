import PipelineTestKit
import Testing

@testable import Pipeline

@Suite("Stages ask ahead while an earlier one has their events")
struct EngineAskingAheadTests {
  private func named(_ names: String...) -> [(type: EventType, data: EventData, ref: String?)] {
    names.map { ($0.hasPrefix("ping") ? .ping : .newMessage, ["name": "\($0)"], $0) }
  }

  @Test("They are shown those of the events that will come to them, and what they say of them is not heard")
  func shown() {
    let (holding, asking) = (Holding(), AskingAhead())
    let chain = TestChain([ChainStage(holding), ChainStage(asking, events: .only(.newMessage))])
    let client = chain.connect()
    client.send(named("1", "ping", "2"))
    #expect(asking.ahead == [["1", "2"]] && asking.given.isEmpty)
    chain.executor.drive { holding.giveBack { $0.stop(at: 0) } }
    #expect(asking.ahead == [["1", "2"]] && asking.given == [["2"]])
    let replies = client.takeReplies()
    #expect(replies.map(\.name) == ["1", "ping", "2"])
    #expect(replies.allSatisfy { $0.rejection?.code != "NO" })
  }

  @Test("They are not shown what is not before them, nor what is on the other side of a commit point")
  func notShown() {
    let committing = Requirements(gives: [.durableID])
    let (holding, before, persisting, after) = (Holding(), AskingAhead(), Holding(), AskingAhead())
    let chain = TestChain([
      ChainStage(before, name: "before"), ChainStage(holding, name: "holding"),
      ChainStage(persisting, name: "persisting", requirements: committing), ChainStage(after, name: "after"),
    ])
    chain.connect().send(named("1"))
    chain.executor.drive { holding.giveBack() }
    chain.executor.drive { persisting.giveBack() }
    #expect(before.ahead.isEmpty && before.given == [["1"]])
    #expect(after.ahead.isEmpty && after.given == [["1"]])
  }

  @Test("One that does not ask ahead is shown nothing")
  func unasked() {
    let (holding, asking) = (Holding(), AskingAhead(asksAhead: false))
    let chain = TestChain([ChainStage(holding), ChainStage(asking)])
    chain.connect().send(named("1"))
    chain.executor.drive { holding.giveBack() }
    #expect(asking.ahead.isEmpty && asking.given == [["1"]])
  }
}

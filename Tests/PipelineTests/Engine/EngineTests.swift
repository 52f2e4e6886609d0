import PipelineTestKit
import Testing

@testable import Pipeline

@Suite("The engine answers every event once")
struct EngineTests {
  private let alice = Identity(userID: "alice")

  @Test("An event that a stage answers and lets pass gets that answer, with its ref")
  func answers() async {
    let chain = TestChain([
      Judging { event in
        event.answer(OutgoingEvent(.pong))
        return .continue
      }
    ])
    let client = chain.connect()
    client.send(.ping, ref: "7")
    let reply = await client.nextReply()
    #expect(reply.event.type == .pong)
    #expect(reply.ref == EventRef(json: Array("\"7\"".utf8)))
    #expect(client.takeReplies().isEmpty)
  }

  @Test("An event that is stopped without an answer is acknowledged")
  func stopped() async {
    let chain = TestChain([Judging { _ in .stop }, Judging { _ in .reject(.internal, "never reached") }])
    #expect(await chain.send(.newMessage).event.type == .ack)
  }

  @Test("An event that nobody takes is unknown")
  func unknown() async {
    let chain = TestChain([Judging { _ in .continue }])
    #expect(await chain.send("NO_SUCH_EVENT").rejection?.code == .unknownEvent)
  }

  @Test("A rejection names its stage and ends the event")
  func rejected() async {
    let chain = TestChain([
      ChainStage(Judging { _ in .continue }, name: "first"),
      ChainStage(Judging { _ in .reject("RUDE", "no") }, name: "second"),
      ChainStage(Judging { _ in throw Rejection(.internal, "never reached") }, name: "third"),
    ])
    let rejection = await chain.send(.newMessage).rejection
    #expect(rejection?.code == "RUDE")
    #expect(rejection?.stage == "second")
    #expect(chain.engine.figures.map(\.events) == [1, 1, 0])
    #expect(chain.engine.figures.map(\.rejected) == [0, 1, 0])
  }

  @Test("A disconnect is answered to nobody")
  func disconnect() {
    let chain = TestChain([Judging { _ in .continue }])
    let client = chain.connect()
    client.send(.disconnect)
    #expect(client.takeReplies().isEmpty)
  }

  @Test("A stage sees only the events that it takes")
  func filters() async {
    let chain = TestChain([
      ChainStage(Judging { _ in .reject("SEEN", "seen") }, events: .only(.newMessage)),
      ChainStage(
        Judging {
          $0.answer(OutgoingEvent(.pong))
          return .continue
        }, events: .only(.ping)),
    ])
    #expect(await chain.send(.newMessage).rejection?.code == "SEEN")
    #expect(await chain.send(.ping).event.type == .pong)
    #expect(chain.engine.figures.map(\.events) == [1, 1])
  }

  @Test(
    "A stage that fails lets events pass or refuses them, as its policy says",
    arguments: [(FaultPolicy.skip, nil), (.reject, ErrorCode.internal)])
  func faults(policy: FaultPolicy, code: ErrorCode?) async {
    struct Broken: Error {}
    let chain = TestChain([
      ChainStage(Judging { _ in throw Broken() }, onError: policy), ChainStage(Judging { _ in .stop }),
    ])
    #expect(await chain.send(.newMessage).rejection?.code == code)
    #expect(chain.observer.faults == ["judging: Broken()"])
    #expect(chain.engine.figures[0].faults == 1)
  }

  @Test("After the commit point nothing refuses an event: the sender keeps its answer, the fault is told")
  func afterTheCommit() async {
    let store = ChainStage(
      Judging {
        $0.answer(OutgoingEvent(.messageSent))
        return .continue
      }, name: "store", requirements: Requirements(gives: [.durableID]))
    let chain = TestChain([store, ChainStage(Judging { _ in .reject("LATE", "too late") }, name: "late")])
    let reply = await chain.send(.newMessage)
    #expect(reply.event.type == .messageSent)
    #expect(reply.rejection == nil)
    #expect(chain.observer.rejections.map(\.code) == ["LATE"])
  }

  @Test("What is stored is acknowledged while its effects are still under way")
  func acknowledgedAtTheCommit() {
    let store = ChainStage(
      Judging {
        $0.answer(OutgoingEvent(.messageSent))
        return .continue
      }, requirements: Requirements(gives: [.durableID]))
    let effects = Holding()
    let chain = TestChain([store, ChainStage(effects)])
    let client = chain.connect()
    client.send(.newMessage)
    #expect(effects.batches == 1)
    #expect(client.takeReplies().map(\.event.type) == [.messageSent])
    chain.executor.drive { effects.giveBack { $0.reject("LATE", "too late", at: 0) } }
    #expect(client.takeReplies().isEmpty)
    #expect(chain.engine.eventsInFlight == 0)
    #expect(effects.settlements.map(\.ending) == [.committed])
  }

  @Test("More events than the engine may hold are refused at once, in their order")
  func limit() {
    let holding = Holding()
    let chain = TestChain([ChainStage(holding)], limit: 2)
    let client = chain.connect()
    client.send(["a", "b", "c"].map { (.newMessage, EventData(), $0) })
    #expect(client.takeReplies().isEmpty)
    chain.executor.drive { holding.giveBack { $0.stop(at: 0) } }
    let replies = client.takeReplies()
    #expect(replies.map(\.name) == ["a", "b", "c"])
    #expect(replies[2].rejection?.code == .unavailable)
  }

  @Test("A probe comes back through the chain, and no stage sees it or counts it")
  func probe() {
    let chain = TestChain([
      ChainStage(Judging { _ in .reject("SEEN", "seen") }, events: .all), ChainStage(Holding(), events: .all),
    ])
    let client = chain.connect()
    chain.executor.drive {
      chain.engine.probe(Event(.probe, connection: client.connection))
      chain.engine.turn()
    }
    #expect(client.takeReplies().map(\.event.type) == [.ack])
    #expect(chain.engine.figures.map(\.events) == [0, 0])
    #expect(chain.observer.rejections.isEmpty)
    #expect(chain.engine.eventsInFlight == 0)
  }

  @Test("A client that is gone gets nothing, and its events end all the same")
  func goneClient() {
    let holding = Holding()
    let chain = TestChain([ChainStage(holding)])
    let client = chain.connect()
    client.send(.newMessage)
    client.connection.sink = nil
    chain.executor.drive { holding.giveBack() }
    #expect(client.takeReplies().isEmpty)
    #expect(chain.engine.eventsInFlight == 0)
  }
}

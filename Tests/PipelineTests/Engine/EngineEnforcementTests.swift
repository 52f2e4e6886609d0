import PipelineTestKit
import Synchronization
import Testing

@testable import Pipeline

@Suite("A stage that is not obeyed decides, is counted, and changes nothing")
struct EngineEnforcementTests {
  @Test("In shadow, what a stage says and changes is thrown away; what it noted for itself stays")
  func shadow() async {
    let after = Recorder()
    let judging = ChainStage(
      Judging { event in
        event.data.set("content", to: "changed")
        event[Note.self] = "noted"
        event.answer(OutgoingEvent(.pong))
        return .reject("NO", "no")
      }, name: "judge", enforcement: .shadow)
    let chain = TestChain([
      judging,
      ChainStage(
        Judging { event in
          after.note("\(event.data.string("content") ?? "-") \(event[Note.self] ?? "-")")
          return .stop
        }),
    ])
    let reply = await chain.send(.newMessage, ["content": "as it was"])
    #expect(reply.rejection == nil && reply.event.type == .ack)
    #expect(after.notes == ["as it was noted"])
    #expect(chain.engine.figures[0].rejected == 0)
    #expect(chain.engine.figures[0].unobeyedRejections == 1)
    #expect(chain.engine.figures[0].continued == 1)
    #expect(chain.observer.rejections.isEmpty)
    #expect(chain.observer.unobeyed == ["judge: NO"])
  }

  @Test("So it is with stages of all forms")
  func forms() async {
    let holding = Holding()
    let waiting = Waiting()
    let chain = TestChain([
      ChainStage(holding, enforcement: .shadow), ChainStage(waiting, enforcement: .shadow),
      ChainStage(Later(), enforcement: .shadow), ChainStage(Working(), enforcement: .shadow),
      ChainStage(Judging { _ in .stop }),
    ])
    let client = chain.connect()
    client.send(.newMessage)
    chain.executor.drive { holding.giveBack { $0.reject("NO", "no", at: 0) } }
    await waiting.untilArrived(1)
    waiting.letGo("alice", .reject("NO", "no"))
    let reply = await client.nextReply()
    #expect(reply.rejection == nil)
    #expect(chain.engine.figures.map(\.unobeyedRejections) == [1, 1, 1, 1, 0])
  }

  @Test("A fault of a stage that is not obeyed skips it, whatever on_error says; so does a lack of time")
  func faults() async {
    let clock = ManualClock()
    let chain = TestChain(
      [
        ChainStage(Judging { _ in throw Broken() }, onError: .reject, enforcement: .shadow),
        ChainStage(Holding(), timeout: .seconds(1), onError: .reject, enforcement: .shadow),
        ChainStage(Judging { _ in .stop }),
      ], clock: clock.clock)
    let client = chain.connect()
    client.send(.newMessage)
    clock.advance(by: .seconds(2))
    chain.executor.driveDelayed()
    #expect(client.takeReplies().map { $0.rejection?.code } == [nil])
    #expect(chain.engine.figures.map(\.faults) == [1, 1, 0])
  }

  @Test("A share is drawn by user: all events of one fare alike, and about as many users as it says are in")
  func share() async throws {
    let share = try #require(Enforcement("25%"))
    let chain = TestChain([
      ChainStage(Judging { _ in .reject("NO", "no") }, enforcement: share),
      ChainStage(Judging { _ in .stop }),
    ])
    var refused = 0
    for user in 0..<1000 {
      let client = chain.connect(as: Identity(userID: "user\(user)"))
      client.send([(.newMessage, EventData(), nil), (.ping, EventData(), nil)])
      let replies = client.takeReplies().map { $0.rejection != nil }
      #expect(replies.count == 2 && replies[0] == replies[1])
      if replies[0] { refused += 1 }
    }
    #expect((200...300).contains(refused))
  }

  @Test(
    "How it is written",
    arguments: [
      ("shadow", 0), ("0%", 0), ("5%", 500), ("0.01%", 1), ("12.5%", 1250), ("100%", 10_000), ("101%", nil),
      ("-1%", nil), ("5", nil), ("%", nil), ("1.%", nil), ("1.234%", nil), ("Shadow", nil), ("", nil),
    ] as [(String, Int?)])
  func text(text: String, points: Int?) {
    #expect(Enforcement(text)?.basisPoints == points)
    if let enforcement = Enforcement(text) { #expect(Enforcement(enforcement.description) == enforcement) }
  }

  @Test("An event that a stage has failed on is set aside and refused; one that only asks is merely refused")
  func deadLetters() async {
    let chain = TestChain([
      ChainStage(Judging { _ in throw Broken() }, name: "breaking", onError: .deadLetter)
    ])
    let reply = await chain.send(.newMessage, ["tempId": "a"])
    #expect(reply.rejection?.code == .internal)
    #expect(await chain.send(.sync).rejection?.code == .internal)
    #expect(await chain.send(.auth).rejection?.code == .internal)
    #expect(chain.observer.setAside == ["NEW_MESSAGE breaking Broken() 1 false"])
  }

  @Test("Of a stored event the failed effect is set aside, and can be had alone later")
  func deadEffects() async {
    let isBroken = Mutex(true)
    let effects = Recorder()
    let chain = TestChain([
      ChainStage(
        Judging {
          $0.answer(OutgoingEvent(.messageSent))
          return .continue
        }, name: "store", requirements: Requirements(gives: [.durableID])),
      ChainStage(
        Judging { _ in
          if isBroken.withLock({ $0 }) { throw Broken() }
          effects.note("breaking")
          return .continue
        }, name: "breaking", onError: .deadLetter),
      ChainStage(
        Judging { _ in
          effects.note("other")
          return .continue
        }, name: "other"),
    ])
    #expect(await chain.send(.newMessage).event.type == .messageSent)
    #expect(chain.observer.setAside == ["NEW_MESSAGE breaking Broken() 1 true"])
    isBroken.withLock { $0 = false }
    let client = chain.connect()
    chain.executor.drive {
      let event = Event(.newMessage, connection: client.connection)
      #expect(chain.engine.submit(committed: event, for: "breaking"))
      #expect(!chain.engine.submit(committed: event, for: "nobody"))
      chain.engine.turn()
    }
    #expect(effects.notes == ["other", "breaking"])
  }

  @Test("A tap sees each decision and each end")
  func tap() async {
    let chain = TestChain([
      ChainStage(Judging { _ in .reject("NO", "no") }, name: "shadowed", enforcement: .shadow),
      ChainStage(Judging { _ in .stop }, name: "ending"),
    ])
    let tap = RecordingTap()
    chain.engine.tap = tap
    _ = await chain.send(.newMessage)
    #expect(tap.seen.notes == ["shadowed reject false", "ending stop true", "ended ACK"])
  }
}

private struct Broken: Error {}

private enum Note: EventKey { typealias Value = String }

/// Decides by a task.
private struct Later: BatchStage {
  static let name = "later"
  init() {}
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ batch: inout EventBatch) {
    for index in batch.indices { batch.decideLater(at: index) { _ in .reject("NO", "no") } }
  }
}

/// Rejects on a thread of its own.
private struct Working: WorkerStage {
  static let name = "working"
  init() {}
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ batch: inout EventBatch) {
    for index in batch.indices { batch.reject("NO", "no", at: index) }
  }
}

private struct RecordingTap: EngineTap {
  let seen = Recorder()

  func decided(_ event: Event, _ decision: StageDecision) {
    let verdict =
      switch decision.verdict {
      case .continue: "continue"
      case .stop: "stop"
      case .reject: "reject"
      case .fault: "fault"
      }
    seen.note("\(decision.stage) \(verdict) \(decision.isObeyed)")
  }

  func ended(_ event: Event, rejection: Rejection?, answer: OutgoingEvent?, elapsed: UInt64, revision: Int) {
    seen.note("ended \(answer?.type.rawValue ?? "-")")
  }
}

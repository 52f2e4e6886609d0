import Pipeline

/// Seven trivial stages and no gateway: 64 events in one turn.
struct Batches: Scenario {
  static let name = "seven-stages"
  static let eventsPerRound = 64
  private let chain = TrivialChain()

  mutating func round() -> Int { chain.pass(events: 64, together: 64) }
}

/// The same, a turn for each.
struct SingleEvents: Scenario {
  static let name = "seven-stages-singly"
  static let eventsPerRound = 64
  private let chain = TrivialChain()

  mutating func round() -> Int { chain.pass(events: 64, together: 1) }
}

/// An engine with a chain of stages that do next to nothing.
private final class TrivialChain: AnswerSink {
  private let engine: Engine
  private let connection = Connection(
    id: ConnectionID(rawValue: 1), ingress: .local, remoteAddress: "127.0.0.1")
  private var answers = 0

  init() {
    let stages = (0..<6).map { ChainStage(Trivial(), name: "trivial\($0)") } + [ChainStage(Answering())]
    engine = Engine(
      chain: Chain(stages), executor: ThisThread(), observer: Nobody(), clock: SteppedClock().clock)
    connection.sink = self
  }

  func receive(_ reply: Reply) { answers += 1 }

  /// Makes events, and takes so many of them at a time through the chain.
  func pass(events: Int, together: Int) -> Int {
    answers = 0
    for _ in 0..<events / together {
      for _ in 0..<together { engine.submit(Event(.newMessage, connection: connection)) }
      engine.turn()
    }
    return answers
  }
}

private struct Trivial: EventStage {
  static let name = "trivial"
  init() {}
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ event: inout Event) -> Verdict { .continue }
}

private struct Answering: EventStage {
  static let name = "answering"
  private static let pong = OutgoingEvent(.pong)
  init() {}
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ event: inout Event) -> Verdict {
    event.answer(Self.pong)
    return .stop
  }
}

/// Nothing is handed over by stages that are done at once.
private struct ThisThread: EngineExecutor {
  let isCurrent = true
  func execute(_ work: @escaping @Sendable () -> Void) { preconditionFailure() }
  func execute(after delay: Duration, _ work: @escaping @Sendable () -> Void) { preconditionFailure() }
}

/// Nothing is rejected by stages that let everything pass.
private struct Nobody: EngineObserver {
  func rejected(_ event: Event, _ rejection: Rejection) { preconditionFailure() }
  func faulted(
    _ event: Event, stage: String, error: any Error, policy: FaultPolicy, committed: Bool
  ) { preconditionFailure() }
}

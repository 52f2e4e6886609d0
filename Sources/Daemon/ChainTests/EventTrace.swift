import Pipeline
import Synchronization

/// What became of one event: what stages said of it, how it ended and what its sender was told.
final class EventTrace: Sendable {
  /// What a stage said.
  struct Saying: Sendable, Equatable {
    let stage: String
    let said: StageSaying
    /// The code of a rejection, or what went wrong.
    var detail: String?
  }

  private struct State {
    var sayings: [Saying] = []
    var rejection: Rejection?
    var reply: Reply?
  }

  /// What the event is.
  let type: EventType
  private let state = Mutex(State())

  init(of type: EventType) { self.type = type }

  /// What stages said, in their order.
  var sayings: [Saying] { state.withLock { $0.sayings } }

  /// What the sender was told.
  var answer: OutgoingEvent? { state.withLock { $0.reply?.event } }

  /// Why it was not taken: also where it was stored before, so that its sender was told something else.
  var rejection: Rejection? { state.withLock { $0.rejection ?? $0.reply?.rejection } }

  /// How it ended.
  var verdict: TestVerdict {
    if rejection != nil { return .reject }
    return sayings.last?.said == .stop ? .stop : .continue
  }

  /// The stage that ended it; `nil` where it passed them all, or no stage takes it.
  var decider: String? {
    switch verdict {
    case .reject: rejection?.stage
    case .stop: sayings.last?.stage
    case .continue: nil
    }
  }

  /// What a stage said of it.
  func saying(of stage: String) -> StageSaying { sayings.last { $0.stage == stage }?.said ?? .nothing }

  func note(_ saying: Saying) { state.withLock { $0.sayings.append(saying) } }

  func noteEnd(_ rejection: Rejection?) { state.withLock { $0.rejection = rejection } }

  func noteReply(_ reply: Reply) { state.withLock { $0.reply = reply } }
}

/// Keeps an event's trace with the event.
enum EventTraceKey: EventKey {
  /// The trace.
  typealias Value = EventTrace
}

/// Writes down what an engine tells of events that have a trace; what the daemon's own observer does, it does too.
struct TraceRecorder: EngineTap, EngineObserver {
  let observer: LoggingObserver

  func decided(_ event: Event, _ decision: StageDecision) {
    let said: StageSaying
    var detail: String?
    switch decision.verdict {
    case .continue: said = .continue
    case .stop: said = decision.isObeyed ? .stop : .wouldStop
    case .reject(let rejection):
      said = decision.isObeyed ? .reject : .wouldReject
      detail = "\(rejection.code): \(rejection.message)"
    // Told by the observer, who hears of stages that ran out of time too.
    case .fault: return
    }
    event[EventTraceKey.self]?.note(EventTrace.Saying(stage: decision.stage, said: said, detail: detail))
  }

  func ended(
    _ event: Event, rejection: Rejection?, answer: OutgoingEvent?, elapsed: UInt64, revision: Int
  ) { event[EventTraceKey.self]?.noteEnd(rejection) }

  func faulted(_ event: Event, stage: String, error: any Error, policy: FaultPolicy, committed: Bool) {
    observer.faulted(event, stage: stage, error: error, policy: policy, committed: committed)
    event[EventTraceKey.self]?.note(EventTrace.Saying(stage: stage, said: .fault, detail: "\(error)"))
  }

  func rejected(_ event: Event, _ rejection: Rejection) { observer.rejected(event, rejection) }

  func unobeyed(_ event: Event, stage: String, _ verdict: StageDecision.Verdict) {
    observer.unobeyed(event, stage: stage, verdict)
  }

  func setAside(_ event: Event, _ reason: DeadLetterReason) { observer.setAside(event, reason) }
}

import Logging
import Pipeline

/// Logs what engines tell: one line a rejected event, never with its content, and one a second for each stage that fails,
/// since a backend that is away fails every event.
struct LoggingObserver: EngineObserver {
  let logger: Logger
  private let letters: DeadLetterBox
  private let faults = FaultCounts()

  init(logger: Logger, letters: DeadLetterBox) {
    self.logger = logger
    self.letters = letters
  }

  func setAside(_ event: Event, _ reason: DeadLetterReason) { letters.keep(event, reason) }

  func unobeyed(_ event: Event, stage: String, _ verdict: StageDecision.Verdict) {
    var said: Logger.Metadata = ["stage": "\(stage)", "verdict": "\(verdict.name)"]
    if case .reject(let rejection) = verdict {
      said["code"] = "\(rejection.code)"
      said["reason"] = "\(rejection.message)"
    }
    logger.info(
      "a stage that is not obeyed would have ended an event", metadata: facts(event).merging(said) { $1 })
  }

  func rejected(_ event: Event, _ rejection: Rejection) {
    event[ReplayKey.self]?.fail(rejection.message)
    logger.info(
      "rejected an event",
      metadata: facts(event).merging([
        "code": "\(rejection.code)", "stage": "\(rejection.stage ?? "gateway")",
        "reason": "\(rejection.message)",
      ]) { $1 })
  }

  func faulted(_ event: Event, stage: String, error: any Error, policy: FaultPolicy, committed: Bool) {
    guard let more = faults.note(stage) else { return }
    logger.warning(
      "a stage failed on an event",
      metadata: facts(event).merging([
        "stage": "\(stage)", "error": "\(error)", "on_error": "\(policy.rawValue)", "stored": "\(committed)",
        "unlogged": "\(more)",
      ]) { $1 })
  }

  func gaveBackInVain(stage: String) {
    guard let more = faults.note("\(stage) in vain") else { return }
    logger.warning(
      "a stage gave events back twice, or after its time was up; they were ignored",
      metadata: ["stage": "\(stage)", "unlogged": "\(more)"])
  }

  func heldLoop(stage: String, elapsed: UInt64) {
    guard let more = faults.note("\(stage) on the loop") else { return }
    logger.warning(
      "a stage kept the event loop, and all that wait there, for too long",
      metadata: ["stage": "\(stage)", "elapsed_ms": "\(elapsed / 1_000_000)", "unlogged": "\(more)"])
  }

  /// The type is a client's word, so it is cut short.
  private func facts(_ event: Event) -> Logger.Metadata {
    var facts: Logger.Metadata = [
      "type": "\(event.type.rawValue.prefix(64))", "connection": "\(event.connection.id)",
      "user": "\(event.identity?.userID ?? "-")", "ingress": "\(event.connection.ingress.rawValue)",
    ]
    if let trace = event.trace { facts["traceparent"] = "\(trace)" }
    return facts
  }
}

import Logging
import Pipeline

/// Logs what engines tell: one line a rejected event, never with its content, and one a second for each stage that fails,
/// since a backend that is away fails every event.
struct LoggingObserver: EngineObserver {
  let logger: Logger
  private let faults = FaultCounts()

  init(logger: Logger) { self.logger = logger }

  func rejected(_ event: Event, _ rejection: Rejection) {
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

  /// The type is a client's word, so it is cut short.
  private func facts(_ event: Event) -> Logger.Metadata {
    [
      "type": "\(event.type.rawValue.prefix(64))", "connection": "\(event.connection.id)",
      "user": "\(event.identity?.userID ?? "-")", "ingress": "\(event.connection.ingress.rawValue)",
    ]
  }
}

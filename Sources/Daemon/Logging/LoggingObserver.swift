import Logging
import Pipeline

/// Logs what engines tell: one line a rejected event, never with its content.
struct LoggingObserver: EngineObserver {
  let logger: Logger

  func rejected(_ event: Event, _ rejection: Rejection) {
    logger.info(
      "rejected an event",
      metadata: facts(event).merging([
        "code": "\(rejection.code)", "stage": "\(rejection.stage ?? "gateway")",
        "reason": "\(rejection.message)",
      ]) { $1 })
  }

  func faulted(_ event: Event, stage: String, error: any Error, policy: FaultPolicy, committed: Bool) {
    logger.warning(
      "a stage failed on an event",
      metadata: facts(event).merging([
        "stage": "\(stage)", "error": "\(error)", "on_error": "\(policy.rawValue)", "stored": "\(committed)",
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

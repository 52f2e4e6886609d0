/// What a stage says of an event.
public enum Verdict: Sendable {
  /// On to the next stage.
  case `continue`
  /// Done: no later stage sees the event.
  case stop
  /// Not taken: the sender gets the `ERROR`, no later stage sees the event.
  indirect case reject(Rejection)

  /// Not taken, with what to tell the sender.
  public static func reject(_ code: ErrorCode, _ message: String, retryAfter: Duration? = nil) -> Verdict {
    .reject(Rejection(code, message, retryAfter: retryAfter))
  }
}

/// How an event ended, as ``Stage/settled(_:)`` hears it.
public enum Ending: Sendable, Equatable {
  /// It passed the commit point: whatever happens now, it is stored.
  case committed
  /// It reached the end of a chain, or was stopped, without passing a commit point.
  case finished
  /// It was rejected or a stage failed on it; nothing was stored.
  case rejected(ErrorCode)
}

/// One event's end.
public struct Settlement: Sendable {
  /// The event, as it was when it ended.
  public let event: Event
  /// How it ended.
  public let ending: Ending
}

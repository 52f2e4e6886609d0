public import Pipeline

/// Asks for jobs to send.
public struct PushTake: Sendable, Hashable {
  /// Whose outbox.
  public var service: String
  /// How many at most.
  public var limit: Int
  /// The moment of asking: what is to be tried later is left.
  public var at: Timestamp
  /// Until when nobody else takes what is given; later than `at`.
  public var leasedUntil: Timestamp

  /// A request by its parts.
  public init(service: String, limit: Int, at: Timestamp, leasedUntil: Timestamp) {
    self.service = service
    self.limit = limit
    self.at = at
    self.leasedUntil = leasedUntil
  }
}

/// What the engine has counted of one stage.
public struct StageFigures: Sendable, Equatable {
  /// Events that the stage was given.
  public internal(set) var events: UInt64 = 0
  /// Events that it let go on.
  public internal(set) var continued: UInt64 = 0
  /// Events that it ended.
  public internal(set) var stopped: UInt64 = 0
  /// Events that it rejected.
  public internal(set) var rejected: UInt64 = 0
  /// Events on which it failed, whatever `on_error` then did.
  public internal(set) var faults: UInt64 = 0
  /// Of the faults, those where its time ran out.
  public internal(set) var timeouts: UInt64 = 0
  /// Events that it would have ended where it is not obeyed; see ``Enforcement``.
  public internal(set) var unobeyedStops: UInt64 = 0
  /// Events that it would have rejected where it is not obeyed.
  public internal(set) var unobeyedRejections: UInt64 = 0
  /// How long events were in the stage. For a stage on the loop it is the time that their batch took.
  public internal(set) var latency = Histogram()

  /// Nothing counted yet.
  public init() {}

  /// Adds what another loop has counted of the same stage.
  public mutating func add(_ other: StageFigures) {
    events += other.events
    continued += other.continued
    stopped += other.stopped
    rejected += other.rejected
    faults += other.faults
    timeouts += other.timeouts
    unobeyedStops += other.unobeyedStops
    unobeyedRejections += other.unobeyedRejections
    latency.add(other.latency)
  }
}

public import Pipeline

/// The key under which stages find how long a node that gives no sign of life counts as alive.
public enum NodeLeaseKey: ServiceKey {
  /// The time.
  public typealias Service = Duration
}

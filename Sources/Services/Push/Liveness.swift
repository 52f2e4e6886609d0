public import Pipeline

/// Whether users' devices are really there: a connection may look open long after its phone has gone.
public protocol Liveness: Sendable {
  /// Those of `users` of whom a device has sent anything, an answer to a ping included, after a moment of the
  /// engine's monotonic clock.
  func heard(among users: Set<String>, since moment: UInt64) -> Set<String>

  /// Asks the devices of users for a sign of life.
  func probe(_ users: Set<String>)
}

/// The key under which stages find out who is there.
public enum LivenessKey: ServiceKey {
  /// The seam.
  public typealias Service = any Liveness
}

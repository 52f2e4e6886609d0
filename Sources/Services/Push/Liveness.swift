public import Pipeline

/// Whether users' devices are really there, whichever node they are connected to: a connection may look open long after
/// its phone has gone.
public protocol Liveness: Sendable {
  /// Finds out who of `users` may have a device connected: the others surely have none.
  func connected(among users: Set<String>, then: @escaping @Sendable (Set<String>) -> Void)

  /// Those of `users` of whom a device has sent anything, an answer to a ping included, after a moment of the
  /// engine's monotonic clock; of devices of other nodes, as far as they were asked.
  func heard(among users: Set<String>, since moment: UInt64) -> Set<String>

  /// Asks the devices of users for a sign of life since a moment of the engine's monotonic clock.
  ///
  /// - Parameters:
  ///   - patience: How long an answer is of use.
  ///   - unreachable: Called where users may have devices that can't be asked now, with them.
  func probe(
    _ users: Set<String>, since moment: UInt64, within patience: Duration,
    unreachable: @escaping @Sendable (Set<String>) -> Void)
}

/// The key under which stages find out who is there.
public enum LivenessKey: ServiceKey {
  /// The seam.
  public typealias Service = any Liveness
}

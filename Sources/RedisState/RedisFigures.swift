import Synchronization

/// What the shared state did so far, in numbers.
public struct RedisFigures: Sendable, Equatable {
  /// Commands sent, on all connections, those of the greetings excepted.
  public var commands = 0
  /// Writes that took them there: each is one round trip.
  public var flushes = 0
  /// Connections opened anew after a loss.
  public var reconnects = 0
  /// Commands that got no answer, or an error for one.
  public var failures = 0
  /// Whether all connections are open.
  public var isConnected = false
}

/// Counts, from all threads.
final class RedisCounters: Sendable {
  let commands = Atomic(0)
  let flushes = Atomic(0)
  let reconnects = Atomic(0)
  let failures = Atomic(0)

  func figures(isConnected: Bool) -> RedisFigures {
    RedisFigures(
      commands: commands.load(ordering: .relaxed), flushes: flushes.load(ordering: .relaxed),
      reconnects: reconnects.load(ordering: .relaxed), failures: failures.load(ordering: .relaxed),
      isConnected: isConnected)
  }
}

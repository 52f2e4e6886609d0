import Synchronization

/// A duration that grows, read and moved from any thread.
final class GrowingDuration: Sendable {
  private let held = Mutex(Duration.zero)

  var value: Duration { held.withLock { $0 } }

  func add(_ duration: Duration) { held.withLock { $0 += duration } }
}

import Synchronization

/// Lets one fault a second of each stage be logged, and counts the others.
final class FaultCounts: Sendable {
  private struct Count {
    var next: ContinuousClock.Instant
    var unlogged = 0
  }

  private static let interval = Duration.seconds(1)
  private let counts = Mutex<[String: Count]>([:])

  /// Notes a fault; gives how many went unlogged since the last that was logged, `nil` where this one does too.
  func note(_ stage: String, at now: ContinuousClock.Instant = .now) -> Int? {
    counts.withLock { counts in
      guard let count = counts[stage], now < count.next else {
        let unlogged = counts[stage]?.unlogged ?? 0
        counts[stage] = Count(next: now + Self.interval)
        return unlogged
      }
      counts[stage]?.unlogged += 1
      return nil
    }
  }
}

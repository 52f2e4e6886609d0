import NIOCore

/// How long to wait before the next attempt: exponential, with full jitter, so that nodes do not all come at once.
struct Backoff: Sendable {
  static let first = TimeAmount.milliseconds(50)
  static let longest = TimeAmount.seconds(1)
  private var failures = 0

  /// The longest that the next wait may be.
  var ceiling: TimeAmount { min(Self.longest, Self.first * (1 << min(failures, 10))) }

  /// The next wait.
  mutating func next() -> TimeAmount {
    defer { failures += 1 }
    return .nanoseconds(.random(in: 0...ceiling.nanoseconds))
  }

  /// It worked.
  mutating func reset() { failures = 0 }
}

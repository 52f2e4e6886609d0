import Pipeline

/// Keeps a service that is unwell from being asked by everything that waits: after several failures in a row nothing is
/// sent for a while, then a few to find out.
struct PushBreaker: Sendable {
  /// So many failures with no success between them open it.
  static let threshold = 8
  /// The longest that nothing is sent at all, whatever the pause of single pushes.
  static let mostPause: UInt64 = 60_000_000_000

  private var failures = 0
  /// Nothing is sent before this moment of the monotonic clock.
  private var closedUntil: UInt64 = 0

  /// Whether the service is believed to be unwell.
  var isOpen: Bool { failures >= Self.threshold }

  /// How many may be under way now, of `capacity`.
  func allowance(_ capacity: Int, at now: UInt64) -> Int {
    guard isOpen else { return capacity }
    return now < closedUntil ? 0 : min(capacity, Self.threshold / 2)
  }

  /// The service has answered something that is about the push, or has taken it.
  mutating func succeed() {
    failures = 0
    closedUntil = 0
  }

  /// The service was unwell, and is to be left alone for `pause`.
  mutating func fail(at now: UInt64, pause: Duration) {
    failures = min(failures + 1, Self.threshold)
    guard isOpen else { return }
    let nanoseconds = UInt64(max(0, pause.wholeNanoseconds))
    closedUntil = max(closedUntil, now + min(nanoseconds, Self.mostPause))
  }
}

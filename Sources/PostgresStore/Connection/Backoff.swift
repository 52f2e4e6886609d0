/// How long to wait before a connection is tried again: twice as long after each failure, up to a limit, and by chance
/// less, so that nodes that lost the same server do not all come back at once.
struct Backoff {
  private static let first = Duration.milliseconds(50)
  private static let limit = Duration.seconds(1)
  private var failures = 0

  /// Notes a failure; gives how long to wait.
  mutating func failed() -> Duration { failed(chance: .random(in: 0...1)) }

  /// Notes a failure; gives how long to wait, from half the time (a chance of 0) to all of it (1).
  mutating func failed(chance: Double) -> Duration {
    let whole = min(Self.first * Int(1 << min(failures, 16)), Self.limit)
    failures += 1
    return whole / 2 + whole / 2 * chance
  }

  /// Notes that a connection has been made.
  mutating func succeeded() { failures = 0 }
}

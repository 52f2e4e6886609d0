import Glibc

/// The clocks that the engine and its stages read; replaceable, so that tests decide what time it is.
public struct EngineClock: Sendable {
  /// Nanoseconds of a clock that never goes back.
  public let monotonic: @Sendable () -> UInt64
  /// The wall-clock time.
  public let wall: @Sendable () -> Timestamp

  /// A clock made of two functions.
  public init(monotonic: @escaping @Sendable () -> UInt64, wall: @escaping @Sendable () -> Timestamp) {
    self.monotonic = monotonic
    self.wall = wall
  }

  /// The machine's own clocks.
  public static let system = EngineClock(
    monotonic: {
      let now = read(CLOCK_MONOTONIC)
      return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    },
    wall: {
      let now = read(CLOCK_REALTIME)
      return Timestamp(milliseconds: Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000)
    })

  private static func read(_ clock: clockid_t) -> timespec {
    var now = timespec()
    clock_gettime(clock, &now)
    return now
  }
}

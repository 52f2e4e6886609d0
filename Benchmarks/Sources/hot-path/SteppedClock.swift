import Pipeline
import Synchronization

/// A clock that stands still until it is moved, since reading a real one costs what the machine wants.
final class SteppedClock: Sendable {
  private let now = Atomic<UInt64>(86_400_000_000_000)

  /// What reads it.
  var clock: EngineClock {
    EngineClock(
      monotonic: { self.now.load(ordering: .relaxed) },
      wall: {
        Timestamp(milliseconds: 1_767_225_600_000 + Int64(self.now.load(ordering: .relaxed) / 1_000_000))
      })
  }

  /// Moves on by a minute: nobody is too fast for a rate limit, and what is remembered for ten is forgotten within the
  /// rounds that come before the measured ones.
  func step() { now.wrappingAdd(60_000_000_000, ordering: .relaxed) }
}

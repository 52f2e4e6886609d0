public import Pipeline
import Synchronization

/// A clock that stands still until the test moves it.
public final class ManualClock: Sendable {
  private let nanoseconds = Mutex<UInt64>(1_000_000_000)
  private let start: Timestamp

  /// A clock that begins at a moment.
  public init(start: Timestamp = Timestamp(milliseconds: 1_790_000_000_000)) { self.start = start }

  /// What to give to whatever reads the time.
  public var clock: EngineClock {
    EngineClock(
      monotonic: { self.nanoseconds.withLock { $0 } },
      wall: { self.start + .nanoseconds(Int64(self.nanoseconds.withLock { $0 })) })
  }

  /// Lets time pass.
  public func advance(by duration: Duration) {
    nanoseconds.withLock { $0 += UInt64(max(0, duration.wholeNanoseconds)) }
  }
}

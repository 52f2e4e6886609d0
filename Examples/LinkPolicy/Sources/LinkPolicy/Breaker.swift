import Pipeline
import Synchronization

/// Whether a server that fails is to be asked at all: no more after some faults in a row, until a pause is over; then by one
/// who finds out whether it is back.
struct Breaker {
  private enum State {
    /// It is asked by all; so many faults have come in a row.
    case closed(faults: Int)
    /// It is left alone until a moment.
    case open(until: UInt64)
    /// One asks, since the pause is over; if nothing is heard of that one, another may from a moment on.
    case trying(until: UInt64)
  }

  private let limit: Int
  private let pause: UInt64
  private var state = State.closed(faults: 0)

  /// - Parameters:
  ///   - limit: After how many faults in a row the server is left alone.
  ///   - pause: For how long.
  init(limit: Int, pause: Duration) {
    self.limit = limit
    self.pause = UInt64(max(0, pause.wholeNanoseconds))
  }

  /// Whether the caller may ask, at a moment of the monotonic clock.
  mutating func mayAsk(at now: UInt64) -> Bool {
    switch state {
    case .closed: return true
    case .open(let until) where now < until, .trying(let until) where now < until: return false
    case .open, .trying:
      state = .trying(until: now + pause)
      return true
    }
  }

  /// The server has answered.
  mutating func heard() { state = .closed(faults: 0) }

  /// The server has not answered, or wrongly; tells whether it is left alone because of this.
  mutating func missed(at now: UInt64) -> Bool {
    switch state {
    case .closed(let faults) where faults + 1 < limit:
      state = .closed(faults: faults + 1)
      return false
    case .closed, .trying:
      state = .open(until: now + pause)
      return true
    case .open: return false
    }
  }
}

/// A breaker that all tasks of a stage have in common.
final class SharedBreaker: Sendable {
  private let breaker: Mutex<Breaker>

  init(_ breaker: Breaker) { self.breaker = Mutex(breaker) }

  func mayAsk(at now: UInt64) -> Bool { breaker.withLock { $0.mayAsk(at: now) } }
  func heard() { breaker.withLock { $0.heard() } }
  func missed(at now: UInt64) -> Bool { breaker.withLock { $0.missed(at: now) } }
}

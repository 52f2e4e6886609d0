import Glibc
import Pipeline
import Services
import Synchronization

/// The thread and the clock of a chain under test. The clock stands still until it is told to go on, and what was to be
/// called later is called when it has gone that far.
///
/// Whoever drives it is its thread meanwhile; one task at a time does.
final class VirtualLoop: EngineExecutor, Scheduler {
  private struct Call {
    let due: UInt64
    let work: @Sendable () -> Void
  }

  private struct State {
    var now = VirtualLoop.start
    var work: [@Sendable () -> Void] = []
    /// In the order in which they are due.
    var calls: [Call] = []
    var sleeper: CheckedContinuation<Void, Never>?
    var driver: pthread_t?
  }

  /// Where the monotonic clock begins: a day, so that what looks back finds a past.
  private static let start: UInt64 = 86_400_000_000_000

  private let state = Mutex(State())
  private let beginning: Timestamp

  /// - Parameter beginning: What time it is at first.
  init(beginning: Timestamp) { self.beginning = beginning }

  /// What reads the time.
  var clock: EngineClock {
    EngineClock(
      monotonic: { self.state.withLock { $0.now } },
      wall: { self.beginning + .nanoseconds(Int64(self.state.withLock { $0.now } - Self.start)) })
  }

  func execute(_ work: @escaping @Sendable () -> Void) {
    let sleeper = state.withLock { state in
      state.work.append(work)
      return state.sleeper.take()
    }
    sleeper?.resume()
  }

  func execute(after delay: Duration, _ work: @escaping @Sendable () -> Void) { after(delay, work) }

  func after(_ delay: Duration, _ work: @escaping @Sendable () -> Void) {
    state.withLock { state in
      let due = state.now + UInt64(max(0, delay.wholeNanoseconds))
      let place = state.calls.firstIndex { $0.due > due } ?? state.calls.count
      state.calls.insert(Call(due: due, work: work), at: place)
    }
  }

  var isCurrent: Bool { state.withLock { $0.driver } == pthread_self() }

  /// Runs `body` as the loop's thread, then all that was handed over.
  func drive<Result>(_ body: () -> Result) -> Result {
    state.withLock { $0.driver = pthread_self() }
    defer { state.withLock { $0.driver = nil } }
    let result = body()
    while let work = state.withLock({ $0.work.isEmpty ? nil : $0.work.removeFirst() }) { work() }
    return result
  }

  /// Lets time pass, and calls what becomes due meanwhile, each at its moment.
  ///
  /// - Parameter settle: Waits for what a call has set off.
  func advance(by time: Duration, settle: () async -> Void = {}) async {
    let end = state.withLock { $0.now } + UInt64(max(0, time.wholeNanoseconds))
    while let work = next(before: end) {
      drive(work)
      await settle()
    }
    state.withLock { $0.now = end }
  }

  private func next(before end: UInt64) -> (@Sendable () -> Void)? {
    state.withLock { state in
      guard let first = state.calls.first, first.due <= end else { return nil }
      state.calls.removeFirst()
      state.now = max(state.now, first.due)
      return first.work
    }
  }

  /// Waits, in real time, until something is handed over, or no longer than a limit.
  func idle(atMost limit: Duration) async {
    let alarm = Task {
      guard (try? await Task.sleep(for: limit)) != nil else { return }
      state.withLock { $0.sleeper.take() }?.resume()
    }
    await withCheckedContinuation { continuation in
      let isThere = state.withLock { state in
        if state.work.isEmpty { state.sleeper = continuation }
        return !state.work.isEmpty
      }
      if isThere { continuation.resume() }
    }
    alarm.cancel()
  }
}

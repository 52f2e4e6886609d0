import Glibc
public import Pipeline
import Synchronization

/// An executor whose work runs when the test says so, on the test's own thread.
public final class ManualExecutor: EngineExecutor {
  private struct Queue {
    var work: [@Sendable () -> Void] = []
    var delayed: [@Sendable () -> Void] = []
    var waiter: CheckedContinuation<Void, Never>?
  }
  private let queue = Mutex(Queue())
  private let driver = Mutex<pthread_t?>(nil)

  /// An executor with nothing to do.
  public init() {}

  /// Keeps `work` for ``drive(_:)``.
  public func execute(_ work: @escaping @Sendable () -> Void) {
    let waiter = queue.withLock { queue in
      queue.work.append(work)
      return queue.waiter.take()
    }
    waiter?.resume()
  }

  /// Keeps `work` for ``driveDelayed()``, whatever the delay.
  public func execute(after delay: Duration, _ work: @escaping @Sendable () -> Void) {
    queue.withLock { $0.delayed.append(work) }
  }

  /// Whether the caller is within ``drive(_:)``.
  public var isCurrent: Bool { driver.withLock { $0 } == pthread_self() }

  /// Runs `body` as the executor's thread, then all that was handed over.
  public func drive(_ body: () -> Void = {}) {
    driver.withLock { $0 = pthread_self() }
    body()
    while let work = next() { work() }
    driver.withLock { $0 = nil }
  }

  /// Runs what was to wait for its delay, then all that was handed over.
  public func driveDelayed() {
    let delayed = queue.withLock { queue in
      let delayed = queue.delayed
      queue.delayed = []
      return delayed
    }
    drive { for work in delayed { work() } }
  }

  /// Returns when something has been handed over: at once where something was.
  public func untilHandedOver() async {
    await withCheckedContinuation { continuation in
      let isThere = queue.withLock { queue in
        if queue.work.isEmpty { queue.waiter = continuation }
        return !queue.work.isEmpty
      }
      if isThere { continuation.resume() }
    }
  }

  private func next() -> (@Sendable () -> Void)? {
    queue.withLock { $0.work.isEmpty ? nil : $0.work.removeFirst() }
  }
}

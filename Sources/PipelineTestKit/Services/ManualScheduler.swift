public import Services
import Synchronization

/// A scheduler whose time the test decides.
public final class ManualScheduler: Scheduler {
  private let calls = Mutex<[(delay: Duration, work: @Sendable () -> Void)]>([])

  /// A scheduler with nothing to call.
  public init() {}

  /// Keeps a call for the test.
  public func after(_ delay: Duration, _ work: @escaping @Sendable () -> Void) {
    calls.withLock { $0.append((delay, work)) }
  }

  /// Makes all calls that were asked for; returns their delays.
  @discardableResult
  public func runAll() -> [Duration] {
    let due = takeAll()
    for call in due { call.work() }
    return due.map(\.delay)
  }

  /// Takes the calls that were asked for, without making them.
  public func takeAll() -> [(delay: Duration, work: @Sendable () -> Void)] {
    calls.withLock { calls in
      defer { calls = [] }
      return calls
    }
  }
}

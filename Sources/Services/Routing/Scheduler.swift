public import Pipeline

/// Calls that are to be made later.
public protocol Scheduler: Sendable {
  /// Calls `work` once, after `delay` or a little later, on a thread that must not be blocked; not at all when the
  /// process ends before.
  func after(_ delay: Duration, _ work: @escaping @Sendable () -> Void)
}

/// The key under which stages find the scheduler.
public enum SchedulerKey: ServiceKey {
  /// The scheduler's seam.
  public typealias Service = any Scheduler
}

extension StageContext {
  /// The scheduler.
  ///
  /// - Throws: `StageStartError` where this process has none.
  public var scheduler: any Scheduler { get throws { try require(SchedulerKey.self) } }
}

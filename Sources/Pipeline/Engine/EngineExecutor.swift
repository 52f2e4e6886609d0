/// The one thread that an engine belongs to: in the daemon an event loop.
public protocol EngineExecutor: Sendable {
  /// Runs `work` on that thread, after all that was handed over before. Callable from any thread.
  func execute(_ work: @escaping @Sendable () -> Void)

  /// Runs `work` on that thread, not before `delay` has passed.
  func execute(after delay: Duration, _ work: @escaping @Sendable () -> Void)

  /// Whether the caller is on that thread.
  var isCurrent: Bool { get }
}

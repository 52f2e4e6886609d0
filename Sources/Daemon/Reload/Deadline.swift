import Synchronization

/// Waits for work that may hang, no longer than so long.
enum Deadline {
  /// The time was up.
  struct Passed: Error {}

  /// Runs `work`, and returns when it has ended or its time is up; it is cancelled then, and not waited for.
  ///
  /// - Parameter late: What becomes of a result that comes when nobody waits for it any more.
  /// - Throws: ``Passed``, or what `work` throws.
  static func run<Value: Sendable>(
    within limit: Duration, _ work: @escaping @Sendable () async throws -> Value,
    late: @escaping @Sendable (Value) async -> Void
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
      let waiter = Waiter(continuation)
      let task = Task {
        do {
          let value = try await work()
          if let continuation = waiter.take() {
            continuation.resume(returning: value)
          } else {
            await late(value)
          }
        } catch {
          waiter.take()?.resume(throwing: error)
        }
      }
      Task {
        try? await Task.sleep(for: limit)
        guard let continuation = waiter.take() else { return }
        task.cancel()
        continuation.resume(throwing: Passed())
      }
    }
  }

  /// The one who waits, until somebody has taken them.
  private final class Waiter<Value: Sendable>: Sendable {
    private let waiting: Mutex<CheckedContinuation<Value, any Error>?>

    init(_ continuation: CheckedContinuation<Value, any Error>) { waiting = Mutex(continuation) }

    func take() -> CheckedContinuation<Value, any Error>? { waiting.withLock { $0.take() } }
  }
}

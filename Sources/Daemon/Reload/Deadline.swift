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
      let timer = Task {
        // Cancelled where the work has ended in time.
        guard (try? await Task.sleep(for: limit)) != nil else { return }
        waiter.giveUp()
      }
      waiter.watch(
        Task {
          defer { timer.cancel() }
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
        })
    }
  }

  /// The one who waits, until somebody has taken them, and the work that they wait for.
  private final class Waiter<Value: Sendable>: Sendable {
    private struct State {
      var continuation: CheckedContinuation<Value, any Error>?
      var work: Task<Void, Never>?
    }

    private let state: Mutex<State>

    init(_ continuation: CheckedContinuation<Value, any Error>) {
      state = Mutex(State(continuation: continuation))
    }

    func take() -> CheckedContinuation<Value, any Error>? { state.withLock { $0.continuation.take() } }

    func watch(_ work: Task<Void, Never>) { state.withLock { $0.work = work } }

    /// Waits no longer, and cancels the work.
    func giveUp() {
      guard let continuation = take() else { return }
      state.withLock { $0.work }?.cancel()
      continuation.resume(throwing: Passed())
    }
  }
}

import Dispatch
import Synchronization

/// Waits, on this thread, for work that is to be had as `async` only. An embedded loop belongs to one thread, which a
/// function that awaits does not stay on.
func waitingFor<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) throws -> Value {
  let outcome = Outcome<Value>()
  let isThere = DispatchSemaphore(value: 0)
  Task.detached {
    let result: Result<Value, any Error>
    do { result = .success(try await work()) } catch { result = .failure(error) }
    outcome.result.withLock { $0 = result }
    isThere.signal()
  }
  isThere.wait()
  guard let result = outcome.result.withLock({ $0 }) else {
    preconditionFailure("signalled without a result")
  }
  return try result.get()
}

private final class Outcome<Value: Sendable>: Sendable {
  let result = Mutex<Result<Value, any Error>?>(nil)
}

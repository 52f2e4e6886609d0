import Pipeline
import Services
import Synchronization

/// A batch that is given back when the last of several answers about it has come, from whatever thread.
final class PendingBatch: Sendable {
  private let state: Mutex<(batch: EventBatch, missing: Int)>
  private let done: @Sendable (EventBatch) -> Void

  /// A batch that awaits a number of answers, at least one.
  init(_ batch: EventBatch, awaiting count: Int, _ done: @escaping @Sendable (EventBatch) -> Void) {
    state = Mutex((batch, count))
    self.done = done
  }

  /// Takes the answer about one event; a failure is a fault of the stage on it.
  func resolve(_ result: Result<Bool, StateError>, at index: Int) {
    let whole: EventBatch? = state.withLock { state in
      if case .failure(let error) = result { state.batch.fail(error, at: index) }
      state.missing -= 1
      return state.missing == 0 ? state.batch : nil
    }
    if let whole { done(whole) }
  }
}

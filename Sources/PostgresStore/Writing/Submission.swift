import Services
import Synchronization

/// Changes that one writer makes for one caller.
struct Submission: Sendable {
  let writes: [StoreWrite]
  let then: @Sendable ([WriteResult]) -> Void

  /// Says of all of them that they were not made.
  func fail(_ reason: String) { then(writes.map { _ in .unavailable(reason) }) }
}

/// The results of one caller's changes, which several writers make.
final class GatheredResults: Sendable {
  private let state: Mutex<(results: [WriteResult], missing: Int)>
  private let then: @Sendable ([WriteResult]) -> Void

  init(count: Int, parts: Int, then: @escaping @Sendable ([WriteResult]) -> Void) {
    state = Mutex(([WriteResult](repeating: .done, count: count), parts))
    self.then = then
  }

  /// Takes a part: the results of the changes at these places.
  func add(_ part: [WriteResult], at places: [Int]) {
    let whole: [WriteResult]? = state.withLock { state in
      for (place, result) in zip(places, part) { state.results[place] = result }
      state.missing -= 1
      return state.missing == 0 ? state.results : nil
    }
    if let whole { then(whole) }
  }
}

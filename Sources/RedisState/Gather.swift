import Services
import Synchronization

/// Puts the answers of several commands together into the answer to one call.
final class Gather<Value: Sendable>: Sendable {
  private struct State {
    var values: [Value?]
    var missing: Int
    var fault: StateError?
  }

  private let state: Mutex<State>
  private let then: @Sendable (Result<[Value], StateError>) -> Void

  /// - Parameters:
  ///   - count: How many values there will be.
  ///   - parts: How many commands bring them, at least one.
  init(_ count: Int, parts: Int, _ then: @escaping @Sendable (Result<[Value], StateError>) -> Void) {
    state = Mutex(State(values: Array(repeating: nil, count: count), missing: parts))
    self.then = then
  }

  /// Takes a part: the values of some places.
  func take(_ values: Result<[Value], StateError>, at places: [Int]) {
    let whole: Result<[Value], StateError>? = state.withLock { state in
      switch values {
      case .success(let values):
        for (place, value) in zip(places, values) { state.values[place] = value }
      case .failure(let fault): state.fault = fault
      }
      state.missing -= 1
      guard state.missing == 0 else { return nil }
      if let fault = state.fault { return .failure(fault) }
      let known = state.values.compactMap { $0 }
      guard known.count == state.values.count else {
        return .failure(StateError("Redis answered too little"))
      }
      return .success(known)
    }
    if let whole { then(whole) }
  }
}

import Pipeline
import Services

extension Store {
  /// Puts a question to the store: what it calls back with, it is given.
  ///
  /// - Throws: `UNAVAILABLE` where the store does not answer.
  func answer<Value: Sendable>(
    _ question: (Self, @escaping @Sendable (Result<Value, StoreError>) -> Void) -> Void
  ) async throws -> Value {
    let result = await withCheckedContinuation { continuation in
      question(self) { continuation.resume(returning: $0) }
    }
    guard case .success(let value) = result else {
      throw Rejection(.unavailable, "the store can't be reached; ask again")
    }
    return value
  }
}

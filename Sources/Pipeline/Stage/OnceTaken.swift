import Synchronization

/// A value on its way from one thread to another: whoever takes it is the only one to have it.
///
/// What a closure captures is its own until it is gone, so that its value would be copied to be changed.
package final class OnceTaken<Value: Sendable>: Sendable {
  private let value: Mutex<Value?>

  /// Keeps a value until it is taken.
  package init(_ value: Value) { self.value = Mutex(value) }

  /// The value, for who comes first.
  package func take() -> Value? {
    value.withLock { value in
      defer { value = nil }
      return value
    }
  }
}

import Synchronization

/// A value that the operator may change while the daemon runs, read by stages that a reload keeps as they are.
public final class Setting<Value: Sendable>: Sendable {
  private let held: Mutex<Value>

  /// A setting with the value that it has at first.
  public init(_ value: Value) { held = Mutex(value) }

  /// The value now.
  public var value: Value {
    get { held.withLock { $0 } }
    set { held.withLock { $0 = newValue } }
  }
}

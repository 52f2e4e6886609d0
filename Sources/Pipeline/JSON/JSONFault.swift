/// Why a text is not acceptable JSON, in words for whoever sent it.
public struct JSONFault: Error, Sendable, Equatable, CustomStringConvertible {
  /// The byte at which it was noticed.
  public let offset: Int
  /// What is wrong.
  public let reason: String

  /// What is wrong, and where.
  public var description: String { "\(reason) at byte \(offset)" }

  init(_ offset: Int, _ reason: String) {
    self.offset = offset
    self.reason = reason
  }
}

/// What a JSON value is.
public enum JSONKind: Sendable, Equatable {
  /// `null`, a truth value, a number, a text, an array or an object.
  case null, bool, number, string, array, object
}

/// What keeps Redis from answering.
public struct RedisError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What failed, in words for the operator.
  public let description: String
  /// Whether trying again cannot help: a wrong password, a server too old, not a Redis at all.
  public let isLasting: Bool

  /// A fault with its description.
  public init(_ description: String, isLasting: Bool = false) {
    self.description = description
    self.isLasting = isLasting
  }
}

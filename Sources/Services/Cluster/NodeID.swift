public import Pipeline

/// Names one life of one node: drawn at random when it starts, so that a node that comes back is told from what it was.
public struct NodeID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The number behind the name, below 2^40.
  public let rawValue: UInt64

  /// An id by its number.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// A new one.
  public static func random() -> NodeID { NodeID(rawValue: .random(in: 1..<(1 << 40))) }

  /// The id that a text names, or `nil` where it names none.
  public init?(_ text: String) {
    guard let value = UInt64(text, radix: 16), value < 1 << 40 else { return nil }
    rawValue = value
  }

  /// Hexadecimal digits.
  public var description: String { String(rawValue, radix: 16) }
}

/// The key under which stages find the name of their node, where it has one.
public enum NodeNameKey: ServiceKey {
  /// The name.
  public typealias Service = String
}

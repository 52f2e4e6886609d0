/// A value of a YAML file, with its place.
public struct YAMLNode: Sendable, Equatable {
  /// What a node is.
  public enum Value: Sendable, Equatable {
    /// A text; `isPlain` where it stands without quotes, so that it may be a number, a truth value or null.
    case scalar(String, isPlain: Bool)
    /// Values in order.
    case sequence([YAMLNode])
    /// Values by key, in order.
    case mapping([Entry])
  }

  /// A key and its value.
  public struct Entry: Sendable, Equatable {
    /// The key.
    public let key: String
    /// Where the key stands.
    public let keyMark: Mark
    /// The value.
    public var value: YAMLNode
  }

  /// What it is.
  public var value: Value
  /// Where it begins.
  public let mark: Mark

  /// A mapping without entries.
  static let nothing = YAMLNode(value: .mapping([]), mark: Mark(line: 1, column: 1))

  /// The entries of a mapping; none of anything else.
  public var entries: [Entry] { if case .mapping(let entries) = value { entries } else { [] } }

  /// The value of a key of a mapping.
  public subscript(key: String) -> YAMLNode? { entries.first { $0.key == key }?.value }

  /// Where an item of a list, or a key of a mapping, stands; `nil` where there is none such.
  public func mark(ofItem text: String) -> Mark? {
    if case .sequence(let items) = value { return items.first { $0.scalar == text }?.mark }
    return entries.first { $0.key == text }?.keyMark
  }

  /// The text of a scalar.
  public var scalar: String? { if case .scalar(let text, _) = value { text } else { nil } }

  /// Whether it is null by the core schema of YAML 1.2.
  var isNull: Bool {
    if case .scalar(let text, true) = value {
      ["", "~", "null", "Null", "NULL"].contains(text)
    } else {
      false
    }
  }

  /// The value as it may be written in one line.
  public var text: String {
    switch value {
    case .scalar(let text, _): text
    case .sequence(let items): "[" + items.map(\.text).joined(separator: ", ") + "]"
    case .mapping(let entries):
      "{ " + entries.map { "\($0.key): \($0.value.text)" }.joined(separator: ", ") + " }"
    }
  }

  /// A text that is the same for nodes that mean the same, wherever they stand.
  public var canonical: String {
    switch value {
    case .scalar(let text, let isPlain): (isPlain ? "p" : "q") + "\(text.utf8.count):\(text)"
    case .sequence(let items): "[" + items.map(\.canonical).joined(separator: ",") + "]"
    case .mapping(let entries):
      "{"
        + entries.sorted { $0.key < $1.key }.map { "\($0.key.utf8.count):\($0.key)=\($0.value.canonical)" }
        .joined(separator: ",") + "}"
    }
  }
}

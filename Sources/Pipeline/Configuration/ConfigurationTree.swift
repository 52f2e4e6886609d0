/// A part of a stage's configuration whose keys the stage does not know before: it is taken as it stands, as JSON.
///
/// Plain scalars are what YAML 1.2's core schema makes of them; whatever stands in quotes is a text.
public struct ConfigurationTree: Decodable, Sendable, Equatable {
  /// What stands there.
  public let value: JSONValue

  /// A tree by its value.
  public init(_ value: JSONValue) { self.value = value }

  /// Takes what stands there.
  public init(from decoder: any Decoder) throws {
    guard let decoder = decoder as? NodeDecoder else {
      throw ConfigurationError("can only be read from a configuration")
    }
    for entry in decoder.node.entries { decoder.asked.note(entry.key) }
    value = decoder.node.json
  }
}

extension YAMLNode {
  /// The value as JSON.
  fileprivate var json: JSONValue {
    switch value {
    case .sequence(let items): return .array(items.map(\.json))
    case .mapping(let entries):
      return .object(Dictionary(entries.map { ($0.key, $0.value.json) }) { $1 })
    case .scalar(let text, let isPlain):
      guard isPlain else { return .string(text) }
      if isNull { return .null }
      switch text {
      case "true", "True", "TRUE": return .bool(true)
      case "false", "False", "FALSE": return .bool(false)
      default: return Self.isNumber(text) ? .number(text) : .string(text)
      }
    }
  }

  /// Whether a text is a number as JSON writes it (RFC 8259 section 6); YAML's other forms stay texts.
  private static func isNumber(_ text: String) -> Bool {
    guard let first = text.utf8.first, first == UInt8(ascii: "-") || (48...57).contains(first) else {
      return false
    }
    if case .number? = try? JSONValue(parsing: Array(text.utf8)) { return true }
    return false
  }
}

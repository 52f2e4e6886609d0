/// A value of a configuration together with its place, for what is judged only after the whole file was read.
public struct Placed<Value: Decodable & Sendable>: Decodable, Sendable {
  /// The value.
  public let value: Value
  /// Where it stands.
  public let mark: Mark

  /// Reads a value. What is wrong with it is noted, as it would be without its place.
  public init(from decoder: any Decoder) throws {
    let decoder = try NodeDecoder.reading(decoder)
    mark = decoder.node.mark
    // The value knows its keys, and what it does not know has been noted when it is read.
    defer { decoder.knowAllKeys() }
    value = try decoder.decode(Value.self)
  }
}

extension YAMLNode: Decodable {
  /// The node itself, whatever it holds.
  public init(from decoder: any Decoder) throws {
    let decoder = try NodeDecoder.reading(decoder)
    decoder.knowAllKeys()
    self = decoder.node
  }
}

extension NodeDecoder {
  fileprivate static func reading(_ decoder: any Decoder) throws -> NodeDecoder {
    guard let decoder = decoder as? NodeDecoder else {
      throw ConfigurationError("is no value of a configuration")
    }
    return decoder
  }

  fileprivate func knowAllKeys() { for entry in node.entries { asked.note(entry.key) } }
}

extension YAMLNode {
  /// A value that stands in the place of another.
  package init(_ value: Value, at mark: Mark) { self.init(value: value, mark: mark) }
}

extension YAMLNode.Entry {
  /// A key that stands in the place of its value.
  package init(_ key: String, _ value: YAMLNode) { self.init(key: key, keyMark: value.mark, value: value) }
}

/// A JSON value as a tree, for places off the hot path.
public enum JSONValue: Sendable, Equatable {
  /// `null`.
  case null
  /// A truth value.
  case bool(Bool)
  /// A number, as it was written.
  case number(String)
  /// A text.
  case string(String)
  /// Values in order.
  case array([JSONValue])
  /// Values by key.
  case object([String: JSONValue])

  /// The value that a text is.
  ///
  /// - Throws: ``JSONFault`` where it is no valid JSON, or an object has a key twice.
  public init(parsing text: [UInt8]) throws(JSONFault) {
    self = try text.withUnsafeBufferPointer { buffer -> Result<JSONValue, JSONFault> in
      Result { () throws(JSONFault) in
        var scanner = JSONScanner(buffer)
        scanner.skipSpace()
        let value = try Self.read(&scanner, depth: 0)
        try scanner.expectEnd()
        return value
      }
    }.get()
  }

  /// A member of an object; `nil` of anything else.
  public subscript(key: String) -> JSONValue? {
    if case .object(let members) = self { members[key] } else { nil }
  }

  /// The text, where it is one.
  public var string: String? { if case .string(let text) = self { text } else { nil } }

  /// The number as it was written, where it is one.
  public var number: String? { if case .number(let text) = self { text } else { nil } }

  /// The number, where it is a whole one.
  public var integer: Int? { number.flatMap { Int($0) } }

  /// The elements, where it is an array.
  public var array: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }

  private static func read(_ scanner: inout JSONScanner, depth: Int) throws(JSONFault) -> JSONValue {
    let start = scanner.position
    switch scanner.byte {
    case UInt8(ascii: "{"):
      var members: [String: JSONValue] = [:]
      try scanner.forEachMember(depth: depth + 1) { (scanner, key) throws(JSONFault) in
        let name = JSONText.unescape(scanner.bytes[key])
        let value = try read(&scanner, depth: depth + 1)
        guard members.updateValue(value, forKey: name) == nil else {
          throw scanner.fault("the key '\(name)' stands twice")
        }
      }
      return .object(members)
    case UInt8(ascii: "["):
      var elements: [JSONValue] = []
      try scanner.forEachElement(depth: depth + 1) { (scanner) throws(JSONFault) in
        elements.append(try read(&scanner, depth: depth + 1))
      }
      return .array(elements)
    default:
      let kind = try scanner.skipValue(depth: depth)
      let text = scanner.bytes[start..<scanner.position]
      switch kind {
      case .null: return .null
      case .bool: return .bool(text.count == 4)
      case .string: return .string(JSONText.unescape(text.dropFirst().dropLast()))
      case .number, .array, .object: return .number(String(decoding: text, as: UTF8.self))
      }
    }
  }
}

extension JSONValue {
  /// The value as compact JSON; the members of objects are in the order of their names.
  public var text: String {
    var bytes: [UInt8] = []
    append(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  private func append(to bytes: inout [UInt8]) {
    switch self {
    case .null: bytes += "null".utf8
    case .bool(let flag): bytes += (flag ? "true" : "false").utf8
    case .number(let number): bytes += number.utf8
    case .string(let text): JSONText.appendQuoted(text, to: &bytes)
    case .array(let elements):
      bytes.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        element.append(to: &bytes)
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let members):
      bytes.append(UInt8(ascii: "{"))
      for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        JSONText.appendQuoted(member.key, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        member.value.append(to: &bytes)
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }
}

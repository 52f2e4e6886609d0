/// The entries of a mapping.
struct MappingContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let decoder: NodeDecoder
  var codingPath: [any CodingKey] { [] }
  var allKeys: [Key] { decoder.node.entries.compactMap { Key(stringValue: $0.key) } }

  func contains(_ key: Key) -> Bool {
    decoder.asked.note(key.stringValue)
    return decoder.node[key.stringValue] != nil
  }

  func decodeNil(forKey key: Key) throws -> Bool {
    decoder.asked.note(key.stringValue)
    return decoder.node[key.stringValue]?.isNull ?? true
  }

  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
    if let value = entry(key) { return try value.decode(type) }
    decoder.noteMissing(key)
    guard let placeholder = Placeholder.required(type, decoder.findings) else {
      throw ConfigurationDecoder.Noted()
    }
    return placeholder
  }

  func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
    guard let value = entry(key), !value.node.isNull else { return nil }
    return value.read(type) ?? Placeholder.optional(type, decoder.findings)
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> {
    try nested(key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try nested(key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { decoder }

  func superDecoder(forKey key: Key) throws -> any Decoder { try nested(key) }

  private func nested(_ key: Key) throws -> NodeDecoder {
    if let value = entry(key) { return value }
    decoder.noteMissing(key)
    throw ConfigurationDecoder.Noted()
  }

  private func entry(_ key: Key) -> NodeDecoder? {
    decoder.asked.note(key.stringValue)
    return decoder.node.entries.first { $0.key == key.stringValue }.map(decoder.value)
  }
}

/// The items of a sequence.
struct SequenceContainer: UnkeyedDecodingContainer {
  let decoder: NodeDecoder
  let items: [YAMLNode]
  var currentIndex = 0
  var codingPath: [any CodingKey] { [] }
  var count: Int? { items.count }
  var isAtEnd: Bool { currentIndex >= items.count }

  mutating func decodeNil() throws -> Bool {
    guard !isAtEnd, items[currentIndex].isNull else { return false }
    currentIndex += 1
    return true
  }

  mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try next().decode(type) }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) throws -> KeyedDecodingContainer<Nested> {
    try next().container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try next().unkeyedContainer()
  }

  mutating func superDecoder() throws -> any Decoder { try next() }

  private mutating func next() throws -> NodeDecoder {
    guard !isAtEnd else { throw ConfigurationDecoder.Noted() }
    defer { currentIndex += 1 }
    return decoder.item(items[currentIndex])
  }
}

/// A scalar, resolved by the core schema of YAML 1.2: `on`, `no` and `10:30` are texts.
struct ScalarContainer: SingleValueDecodingContainer {
  let decoder: NodeDecoder
  var codingPath: [any CodingKey] { [] }

  func decodeNil() -> Bool { decoder.node.isNull }

  func decode(_ type: Bool.Type) throws -> Bool {
    switch plain {
    case "true", "True", "TRUE": return true
    case "false", "False", "FALSE": return false
    default: throw ConfigurationError("wants true or false")
    }
  }

  func decode(_ type: String.Type) throws -> String {
    guard case .scalar(let text, _) = decoder.node.value, !decoder.node.isNull else {
      throw ConfigurationError(ConfigurationError.noText)
    }
    return text
  }

  func decode(_ type: Double.Type) throws -> Double {
    guard let text = plain, text.contains(where: \.isNumber), let number = Double(text), number.isFinite
    else {
      throw ConfigurationError("wants a number")
    }
    return number
  }

  func decode(_ type: Float.Type) throws -> Float { Float(try decode(Double.self)) }
  func decode(_ type: Int.Type) throws -> Int { try integer() }
  func decode(_ type: Int8.Type) throws -> Int8 { try integer() }
  func decode(_ type: Int16.Type) throws -> Int16 { try integer() }
  func decode(_ type: Int32.Type) throws -> Int32 { try integer() }
  func decode(_ type: Int64.Type) throws -> Int64 { try integer() }
  func decode(_ type: UInt.Type) throws -> UInt { try integer() }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try integer() }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try integer() }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try integer() }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try integer() }

  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try decoder.decode(type) }

  private var plain: String? {
    if case .scalar(let text, true) = decoder.node.value { text } else { nil }
  }

  private func integer<Number: FixedWidthInteger>() throws -> Number {
    let text = plain ?? ""
    let number: Number? =
      if text.hasPrefix("0x") { Number(text.dropFirst(2), radix: 16) } else if text.hasPrefix("0o") {
        Number(text.dropFirst(2), radix: 8)
      } else { Number(text) }
    guard let number else { throw ConfigurationError("wants a whole number") }
    return number
  }
}

/// What stands in for a value that could not be read until the decoding is over and its result thrown away.
enum Placeholder {
  /// One for a value that may be absent; `nil` where the type has none, and the value counts as absent.
  static func optional<Value>(_ type: Value.Type, _ findings: ConfigurationDecoder.Findings) -> Value? {
    if let text = type as? any ConfigurationText.Type { return text.placeholder as? Value }
    if let parts = type as? any ReadInParts.Type { return parts.none as? Value }
    if let cases = type as? any CaseIterable.Type { return cases.element(findings.variant) as? Value }
    if let number = type as? any FixedWidthInteger.Type { return number.init(clamping: 0) as? Value }
    if let number = type as? any BinaryFloatingPoint.Type { return number.init(0) as? Value }
    return ("" as? Value) ?? (!findings.variant.isMultiple(of: 2) as? Value)
  }

  /// One for a value that must be there; `nil` where the type can't be made of nothing either.
  static func required<Value: Decodable>(
    _ type: Value.Type, _ findings: ConfigurationDecoder.Findings
  ) -> Value? {
    if let placeholder = optional(type, findings) { return placeholder }
    // A type that needs another of its kind would go on for ever.
    guard findings.depth < 8 else { return nil }
    let within = ConfigurationDecoder.Findings(variant: findings.variant, depth: findings.depth + 1)
    return try? Value(from: NodeDecoder(.nothing, "", within))
  }
}

extension CaseIterable {
  /// One of the cases, counted round and round.
  fileprivate static func element(_ number: Int) -> Self? {
    guard !allCases.isEmpty else { return nil }
    return allCases[allCases.index(allCases.startIndex, offsetBy: number % allCases.count)]
  }
}

/// A collection that is read part by part, so that one that is wrong is left out and the others count.
protocol ReadInParts {
  /// An empty one.
  static var none: Self { get }
  /// Reads what can be read.
  static func read(_ decoder: NodeDecoder) throws(ConfigurationDecoder.Noted) -> Self
}

extension Array: ReadInParts where Element: Decodable {
  static var none: [Element] { [] }

  static func read(_ decoder: NodeDecoder) throws(ConfigurationDecoder.Noted) -> [Element] {
    let items = try decoder.items()
    return decoder.parts(of: items.count) {
      items.compactMap { decoder.item($0).read(Element.self) }
    }
  }
}

extension Set: ReadInParts where Element: Decodable {
  static var none: Set<Element> { [] }

  static func read(_ decoder: NodeDecoder) throws(ConfigurationDecoder.Noted) -> Set<Element> {
    Set(try [Element].read(decoder))
  }
}

extension Dictionary: ReadInParts where Key == String, Value: Decodable {
  static var none: [String: Value] { [:] }

  static func read(_ decoder: NodeDecoder) throws(ConfigurationDecoder.Noted) -> [String: Value] {
    try decoder.expectMapping()
    let entries = decoder.node.entries
    for entry in entries { decoder.asked.note(entry.key) }
    return decoder.parts(of: entries.count) {
      entries.reduce(into: [:]) { $0[$1.key] = decoder.value(of: $1).read(Value.self) }
    }
  }
}

extension NodeDecoder {
  /// A decoder for an item of the list that the node is.
  func item(_ node: YAMLNode) -> NodeDecoder {
    NodeDecoder(node, "an item of \(name)", findings)
  }

  /// A decoder for a value of the mapping that the node is.
  func value(of entry: YAMLNode.Entry) -> NodeDecoder {
    let outer = context == ConfigurationFile.name ? nil : context
    return NodeDecoder(entry.value, "'\(entry.key)'", within: outer, findings)
  }

  /// The parts that could be read. Where none could, nothing can be said of the whole either.
  fileprivate func parts<Parts: Collection>(of count: Int, _ read: () -> Parts) -> Parts {
    let before = findings.faults.count
    let parts = read()
    if parts.isEmpty, count > 0, findings.faults.count > before {
      findings.faults[before].hides.insert(node.mark)
    }
    return parts
  }
}

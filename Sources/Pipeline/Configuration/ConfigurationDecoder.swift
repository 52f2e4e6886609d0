/// Decodes `Decodable` types from nodes and goes on after a fault, so that all of them are found at once.
///
/// What a type asks for is what it knows: a key that nobody asked for is unknown. A value that can't be read is
/// noted, and a placeholder takes its place until the decoding is over and its result thrown away.
struct ConfigurationDecoder {
  /// Where faults gather. A reference, since decoders are copied on the way; used by one thread.
  final class Findings {
    var faults: [Fault] = []
  }

  /// Thrown where decoding can't go on; the fault has been noted.
  struct Noted: Error {}

  /// The value that a node holds, or `nil` where it has faults, which are added to `faults`.
  ///
  /// - Parameter context: What the node is to the reader: `stage 'rate_limit'`.
  static func decode<Value: Decodable>(
    _ type: Value.Type, from node: YAMLNode, context: String, _ faults: inout [Fault]
  ) -> Value? {
    let findings = Findings()
    let value = try? NodeDecoder(node, context: context, findings).decode(type)
    faults += findings.faults
    return findings.faults.contains { $0.severity == .error } ? nil : value
  }

  /// The keys that a type asks for when it is given nothing.
  static func keys<Value: Decodable>(of type: Value.Type) -> [String] {
    let decoder = NodeDecoder(
      YAMLNode(value: .mapping([]), mark: Mark(line: 1, column: 1)), context: "", Findings())
    _ = try? Value(from: decoder)
    return decoder.asked.keys
  }
}

/// Remembers which keys of a mapping were asked for.
final class AskedKeys {
  private(set) var keys: [String] = []

  func note(_ key: String) { if !keys.contains(key) { keys.append(key) } }
}

/// One node on its way into a type.
struct NodeDecoder: Decoder {
  let node: YAMLNode
  let context: String
  let findings: ConfigurationDecoder.Findings
  let asked = AskedKeys()
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  init(_ node: YAMLNode, context: String, _ findings: ConfigurationDecoder.Findings) {
    self.node = node
    self.context = context
    self.findings = findings
  }

  func note(_ message: String, at mark: Mark? = nil) {
    findings.faults.append(Fault(mark ?? node.mark, message))
  }

  /// Decodes the node and then looks for keys that the type did not ask for.
  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    do {
      let value = try Value(from: self)
      noteUnknownKeys()
      return value
    } catch let error as ConfigurationError {
      note("\(context) \(error.message)")
    } catch is DecodingError {
      note("\(context) wants \(Self.alternatives(of: type) ?? "another value")")
    }
    guard let placeholder = Self.placeholder(for: type) else { throw ConfigurationDecoder.Noted() }
    return placeholder
  }

  private func noteUnknownKeys() {
    guard !asked.keys.isEmpty || node.entries.isEmpty else { return noteUnknown(among: []) }
    noteUnknown(among: asked.keys)
  }

  private func noteUnknown(among known: [String]) {
    for entry in node.entries where !known.contains(entry.key) {
      let phrase = Suggestion.phrase(for: entry.key, among: known, kind: "known keys")
      note("unknown key '\(entry.key)' in \(context)\(phrase)", at: entry.keyMark)
    }
  }

  private static func alternatives<Value>(of type: Value.Type) -> String? {
    guard let cases = (type as? any CaseIterable.Type)?.names, !cases.isEmpty else { return nil }
    return cases.joined(separator: " or ")
  }

  static func placeholder<Value>(for type: Value.Type) -> Value? {
    if let text = type as? any ConfigurationText.Type { return text.placeholder as? Value }
    if let collection = type as? any EmptyMaking.Type { return collection.empty as? Value }
    if let cases = type as? any CaseIterable.Type { return cases.first as? Value }
    return ("" as? Value) ?? (0 as? Value) ?? (0.0 as? Value) ?? (false as? Value)
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard case .mapping = node.value else {
      if node.isNull { return KeyedDecodingContainer(MappingContainer<Key>(decoder: self)) }
      note("\(context) wants keys and values")
      throw ConfigurationDecoder.Noted()
    }
    return KeyedDecodingContainer(MappingContainer<Key>(decoder: self))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .sequence(let items) = node.value else {
      note("\(context) wants a list, such as [a, b]")
      throw ConfigurationDecoder.Noted()
    }
    return SequenceContainer(decoder: self, items: items)
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer { ScalarContainer(decoder: self) }
}

extension CaseIterable {
  fileprivate static var first: Any? { allCases.first }
  fileprivate static var names: [String] {
    allCases.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
  }
}

/// A collection that can be made empty, to stand in for one that could not be read.
private protocol EmptyMaking {
  static var empty: Self { get }
}

extension Array: EmptyMaking {
  fileprivate static var empty: [Element] { [] }
}

extension Dictionary: EmptyMaking {
  fileprivate static var empty: [Key: Value] { [:] }
}

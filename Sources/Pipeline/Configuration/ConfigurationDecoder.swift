/// Decodes `Decodable` types from nodes and goes on after a fault, so that all of them are found at once.
///
/// What a type asks for is what it knows: a key that nobody asked for is unknown. Of a value that can't be read the fault
/// is noted, and something else takes its place, so that what stands beside it is read and checked too: an item of a list
/// is left out, another value gets a placeholder, and an optional one without a placeholder counts as absent.
struct ConfigurationDecoder {
  /// What is found on the way. A reference, since decoders are copied; used by one thread.
  final class Findings {
    var faults: [Fault] = []
    /// Which placeholder is taken where a type has several.
    let variant: Int
    /// How many placeholders are being made within each other.
    let depth: Int

    init(variant: Int = 0, depth: Int = 0) {
      self.variant = variant
      self.depth = depth
    }
  }

  /// Thrown where decoding can't go on; the fault has been noted.
  struct Noted: Error {}

  /// The value that a node holds; its faults are added to `faults`. Where there are errors among them, the value is only
  /// good for finding more, and `nil` where not even that much could be read.
  ///
  /// - Parameters:
  ///   - context: What the node is to the reader: `stage 'rate_limit'`.
  ///   - others: Keys that belong to the same mapping and are read apart, to be suggested too.
  static func decode<Value: Decodable>(
    _ type: Value.Type, from node: YAMLNode, context: String, besides others: [String] = [],
    _ faults: inout [Fault]
  ) -> Value? {
    let findings = Findings()
    let value = try? NodeDecoder(node, context, findings, besides: others).decode(type)
    faults += findings.faults
    return value
  }

  /// What a node may hold that has faults: a value for each of a few ways to put others in place of what is wrong.
  static func guesses<Value: Decodable>(_ type: Value.Type, from node: YAMLNode) -> [Value] {
    (0..<4).compactMap { try? NodeDecoder(node, "", Findings(variant: $0)).decode(type) }
  }

  /// The keys that a type asks for when it is given nothing.
  static func keys<Value: Decodable>(of type: Value.Type) -> [String] {
    let decoder = NodeDecoder(.nothing, "", Findings())
    _ = try? Value(from: decoder)
    return decoder.asked.keys
  }
}

/// Remembers which keys of a mapping were asked for.
final class AskedKeys {
  private(set) var keys: [String] = []
  private var set: Set<String> = []
  /// Whether the unknown ones have been told of.
  var areTold = false
  /// Whether a key is one that the type may ask for, as far as its coding keys tell.
  var mayAsk: (String) -> Bool = { _ in true }

  func note(_ key: String) { if set.insert(key).inserted { keys.append(key) } }
  func contains(_ key: String) -> Bool { set.contains(key) }
}

/// One node on its way into a type.
struct NodeDecoder: Decoder {
  let node: YAMLNode
  /// What the node is to the reader: `'drain'`.
  let name: String
  /// The same, with what it is in: `'limits' of 'server'`.
  let context: String
  let findings: ConfigurationDecoder.Findings
  let others: [String]
  let asked = AskedKeys()
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  init(
    _ node: YAMLNode, _ name: String, within context: String? = nil,
    _ findings: ConfigurationDecoder.Findings, besides others: [String] = []
  ) {
    self.node = node
    self.name = name
    self.context = context.map { "\(name) of \($0)" } ?? name
    self.findings = findings
    self.others = others
  }

  /// Notes that the node can't be read.
  func note(_ message: String) { findings.faults.append(.unreadable(node.mark, message)) }

  /// Notes that a key is missing.
  func noteMissing(_ key: any CodingKey) {
    findings.faults.append(Fault(node.mark, "'\(key.stringValue)' is missing in \(context)"))
  }

  /// Decodes the node, and takes a placeholder where it can't be read.
  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    if let value = read(type) { return value }
    guard let placeholder = Placeholder.required(type, findings) else { throw ConfigurationDecoder.Noted() }
    return placeholder
  }

  /// Decodes the node, and then looks for keys that the type did not ask for; `nil` where it can't be read.
  func read<Value: Decodable>(_ type: Value.Type) -> Value? {
    do {
      if let parts = type as? any ReadInParts.Type { return try parts.read(self) as? Value }
      let value = try Value(from: self)
      noteUnknownKeys(hasEnded: true)
      return value
    } catch is ConfigurationDecoder.Noted {
      // What is wrong has been said.
    } catch let error as ConfigurationError where error.message != ConfigurationError.noText {
      note("\(name) \(error.message)")
    } catch is ConfigurationError {
      note("\(name) \(Self.wish(for: type, given: nil) ?? ConfigurationError.noText)")
    } catch is DecodingError {
      note("\(name) \(Self.wish(for: type, given: node.scalar) ?? "wants another value")")
    } catch {
      note("\(name) can't be read: \(error)")
    }
    noteUnknownKeys(hasEnded: false)
    return nil
  }

  /// - Parameter hasEnded: Whether the type has read all that it wanted to; one that gave up before may not have asked for
  ///   all that it knows.
  private func noteUnknownKeys(hasEnded: Bool) {
    guard !asked.areTold else { return }
    asked.areTold = true
    for entry in node.entries where !asked.contains(entry.key) && (hasEnded || !asked.mayAsk(entry.key)) {
      let known = asked.keys + others
      let phrase =
        hasEnded
        ? Suggestion.phrase(for: entry.key, among: known, kind: "known keys")
        : Suggestion.nearest(to: entry.key, among: known).map { "; did you mean '\($0)'?" } ?? ""
      findings.faults.append(Fault(entry.keyMark, "unknown key '\(entry.key)' in \(context)\(phrase)"))
    }
  }

  /// What is wanted where a type is a choice of names, with the one that may have been meant.
  private static func wish<Value>(for type: Value.Type, given: String?) -> String? {
    guard let names = (type as? any CaseIterable.Type)?.names, let last = names.last else { return nil }
    let list = names.count == 1 ? last : names.dropLast().joined(separator: ", ") + " or " + last
    let near = given.flatMap { Suggestion.nearest(to: $0, among: names) }
    return "wants \(list)" + (near.map { "; did you mean '\($0)'?" } ?? "")
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    asked.mayAsk = { Key(stringValue: $0) != nil }
    try expectMapping()
    return KeyedDecodingContainer(MappingContainer<Key>(decoder: self))
  }

  /// Notes that the node is neither a mapping nor nothing.
  func expectMapping() throws(ConfigurationDecoder.Noted) {
    if case .mapping = node.value { return }
    guard !node.isNull else { return }
    note("\(name) wants keys and values")
    throw ConfigurationDecoder.Noted()
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    SequenceContainer(decoder: self, items: try items())
  }

  /// The items of a list.
  func items() throws(ConfigurationDecoder.Noted) -> [YAMLNode] {
    guard case .sequence(let items) = node.value else {
      note("\(name) wants a list, such as [a, b]")
      throw ConfigurationDecoder.Noted()
    }
    return items
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer { ScalarContainer(decoder: self) }
}

extension CaseIterable {
  fileprivate static var names: [String] {
    allCases.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
  }
}

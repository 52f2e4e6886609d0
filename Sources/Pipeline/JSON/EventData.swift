import Glibc

/// The JSON object that an event carries: its bytes, and where in them its members stand.
///
/// Nothing is copied or converted until somebody asks. What a stage sets replaces the member for all who come after.
public struct EventData: Sendable {
  struct Member: Sendable {
    /// Without quotes, as it stands: escapes included.
    let key: Range<Int>
    let value: Range<Int>
    let kind: JSONKind
  }

  /// The text that the members' ranges are of; more than the object where it is shared with its frame.
  private var text: [UInt8]
  private var members: [Member]
  private var keysHaveEscapes: Bool

  /// An object with no members.
  public init() {
    text = []
    members = []
    keysHaveEscapes = false
  }

  /// The object that a JSON text is.
  ///
  /// - Throws: ``JSONFault`` where the text is no valid JSON object, or has a key twice.
  public init(json: [UInt8]) throws(JSONFault) {
    let scanned = json.withUnsafeBufferPointer { buffer -> Result<[Member], JSONFault> in
      Result { () throws(JSONFault) in
        var scanner = JSONScanner(buffer)
        scanner.skipSpace()
        guard scanner.byte == UInt8(ascii: "{") else { throw scanner.fault("an object was expected") }
        let members = try Self.scan(&scanner, depth: 1)
        try scanner.expectEnd()
        return members
      }
    }
    try self.init(text: json, members: scanned.get())
  }

  /// An object that has been scanned as part of a larger text.
  init(text: [UInt8], members: [Member]) throws(JSONFault) {
    self.text = text
    self.members = members
    keysHaveEscapes = text.withUnsafeBufferPointer { text in
      members.contains { JSONText.hasEscape(UnsafeBufferPointer(rebasing: text[$0.key])) }
    }
    if let double = firstDouble() {
      throw JSONFault(double.key.lowerBound, "the key '\(key(of: double))' stands twice")
    }
  }

  /// Passes over an object and notes its members.
  static func scan(_ scanner: inout JSONScanner, depth: Int) throws(JSONFault) -> [Member] {
    var members: [Member] = []
    members.reserveCapacity(4)
    try scanner.forEachMember(depth: depth) { (scanner, key) throws(JSONFault) in
      if members.count == 256 { throw scanner.fault("the object has more than 256 members") }
      let start = scanner.position
      let kind = try scanner.skipValue(depth: depth)
      members.append(Member(key: key, value: start..<scanner.position, kind: kind))
    }
    return members
  }

  private func firstDouble() -> Member? {
    if keysHaveEscapes {
      return members.indices.first { index in
        let name = key(of: members[index])
        return members[..<index].contains { key(of: $0) == name }
      }.map { members[$0] }
    }
    return text.withUnsafeBufferPointer { text in
      members.indices.first { index in
        let name = UnsafeBufferPointer(rebasing: text[members[index].key])
        return members[..<index].contains { Self.isEqual(UnsafeBufferPointer(rebasing: text[$0.key]), name) }
      }.map { members[$0] }
    }
  }

  private func key(of member: Member) -> String { JSONText.unescape(text[member.key]) }

  private static func isEqual(_ one: UnsafeBufferPointer<UInt8>, _ other: UnsafeBufferPointer<UInt8>) -> Bool
  {
    guard one.count == other.count, let first = one.baseAddress, let second = other.baseAddress else {
      return one.count == other.count
    }
    return memcmp(first, second, one.count) == 0
  }

  private func place(of name: String) -> Int? {
    if keysHaveEscapes { return members.firstIndex { key(of: $0) == name } }
    var name = name
    return name.withUTF8 { name in
      text.withUnsafeBufferPointer { text in
        members.firstIndex { Self.isEqual(UnsafeBufferPointer(rebasing: text[$0.key]), name) }
      }
    }
  }

  private func member(_ name: String) -> Member? { place(of: name).map { members[$0] } }

  /// The names of the members, in order.
  public var keys: [String] { members.map(key(of:)) }

  /// What a member is; `nil` where there is none.
  public func kind(_ key: String) -> JSONKind? { member(key)?.kind }

  /// A member that is a text; `nil` where there is none or it is something else.
  public func string(_ key: String) -> String? {
    guard let member = member(key), member.kind == .string else { return nil }
    return JSONText.unescape(text[member.value.lowerBound + 1..<member.value.upperBound - 1])
  }

  /// Shows `body` the UTF-8 of a member that is a text, for the time of the call. It is not called where there is none or
  /// it is something else.
  public func withUTF8(of key: String, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
    guard let member = member(key), member.kind == .string else { return }
    let range = member.value.lowerBound + 1..<member.value.upperBound - 1
    let isPlain = text.withUnsafeBufferPointer { text in
      let value = UnsafeBufferPointer(rebasing: text[range])
      guard !JSONText.hasEscape(value) else { return false }
      body(value)
      return true
    }
    guard !isPlain else { return }
    var unescaped = JSONText.unescape(text[range])
    unescaped.withUTF8(body)
  }

  /// A member that is a whole number written without fraction or exponent.
  public func integer(_ key: String) -> Int? {
    guard let member = member(key), member.kind == .number else { return nil }
    return Int(String(decoding: text[member.value], as: UTF8.self))
  }

  /// A member that is a truth value.
  public func bool(_ key: String) -> Bool? {
    guard let member = member(key), member.kind == .bool else { return nil }
    return member.value.count == 4
  }

  /// A member that is an array of texts and nothing else.
  public func strings(_ key: String) -> [String]? {
    guard let member = member(key), member.kind == .array else { return nil }
    return text.withUnsafeBufferPointer { buffer -> [String]? in
      var scanner = JSONScanner(buffer, at: member.value.lowerBound)
      var strings: [String] = []
      try? scanner.forEachElement(depth: 1) { (scanner) throws(JSONFault) in
        let start = scanner.position
        guard try scanner.skipValue(depth: 1) == .string else { throw scanner.fault("a text was expected") }
        strings.append(JSONText.unescape(buffer[start + 1..<scanner.position - 1]))
      }
      return scanner.position == member.value.upperBound ? strings : nil
    }
  }

  /// A member's JSON text as it stands.
  public func raw(_ key: String) -> ArraySlice<UInt8>? { member(key).map { text[$0.value] } }

  /// The whole object as JSON.
  public var json: [UInt8] {
    var json: [UInt8] = [UInt8(ascii: "{")]
    for (index, member) in members.enumerated() {
      if index > 0 { json.append(UInt8(ascii: ",")) }
      json.append(UInt8(ascii: "\""))
      json.append(contentsOf: text[member.key])
      json.append(contentsOf: #"":"#.utf8)
      json.append(contentsOf: text[member.value])
    }
    json.append(UInt8(ascii: "}"))
    return json
  }

  /// Sets a member to a text.
  public mutating func set(_ key: String, to value: String) {
    var json: [UInt8] = []
    JSONText.appendQuoted(value, to: &json)
    replace(key, json, .string)
  }

  /// Sets a member to a JSON value.
  ///
  /// - Throws: ``JSONFault`` where it is none.
  public mutating func set(_ key: String, json: [UInt8]) throws(JSONFault) {
    let kind = try json.withUnsafeBufferPointer { buffer -> Result<JSONKind, JSONFault> in
      Result { () throws(JSONFault) in
        var scanner = JSONScanner(buffer)
        let kind = try scanner.skipValue(depth: 1)
        try scanner.expectEnd()
        return kind
      }
    }.get()
    replace(key, json, kind)
  }

  /// Takes a member out; nothing happens where there is none.
  public mutating func remove(_ key: String) {
    guard let place = place(of: key) else { return }
    members.remove(at: place)
  }

  private mutating func replace(_ key: String, _ json: [UInt8], _ kind: JSONKind) {
    let place = place(of: key)
    // What the text held of an old value stays in it unseen: it goes with the event.
    var quoted: [UInt8] = []
    JSONText.appendQuoted(key, to: &quoted)
    let start = text.count
    text.append(contentsOf: quoted.dropFirst().dropLast())
    let middle = text.count
    text.append(contentsOf: json)
    let member = Member(key: start..<middle, value: middle..<text.count, kind: kind)
    if text[member.key].contains(UInt8(ascii: "\\")) { keysHaveEscapes = true }
    if let place { members[place] = member } else { members.append(member) }
  }
}

extension EventData: Equatable {
  /// Whether both are the same JSON text.
  public static func == (lhs: EventData, rhs: EventData) -> Bool { lhs.json == rhs.json }
}

extension EventData: ExpressibleByDictionaryLiteral {
  /// An object of texts.
  public init(dictionaryLiteral elements: (String, String)...) {
    self.init()
    for (key, value) in elements { set(key, to: value) }
  }
}

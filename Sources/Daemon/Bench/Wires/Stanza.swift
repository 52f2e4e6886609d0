/// One element of an XMPP stream with all that is in it: a strict reader of the little of XML that RFC 6120 (section 11)
/// leaves to servers. Comments, declarations and processing instructions are refused, and what servers may send and do
/// not, as CDATA; entities are known by XML's own five names. Names of elements are looked at without their prefixes.
struct Stanza {
  private struct Element {
    let depth: Int
    let name: Range<Int>
    let attributes: Range<Int>
    /// What stands between it and the first element in it, or its end.
    let text: Range<Int>
  }

  /// How deep elements may be nested.
  private static let depthMax = 32

  private let bytes: [UInt8]
  private var elements: [Element] = []

  /// Reads a whole frame; `nil` where it is anything but one element.
  init?(_ bytes: [UInt8]) {
    self.bytes = bytes
    var reader = Reader(bytes)
    var open: [Range<Int>] = []
    repeat {
      guard let tag = reader.takeTag() else { return nil }
      switch tag {
      case .start(let name, let attributes, let isEmpty):
        guard open.count < Self.depthMax else { return nil }
        let depth = open.count
        if !isEmpty { open.append(name) }
        let text = isEmpty ? name.upperBound..<name.upperBound : reader.takeText()
        elements.append(Element(depth: depth, name: name, attributes: attributes, text: text))
      case .end(let name):
        guard let opened = open.popLast(), bytes[opened] == bytes[name] else { return nil }
      }
      if !open.isEmpty { _ = reader.takeText() }
    } while !open.isEmpty
    guard reader.position == bytes.count else { return nil }
  }

  /// The name of the whole.
  var name: String { elements.first.map { local($0.name) } ?? "" }

  /// An attribute of the whole; `nil` where there is none.
  func attribute(_ name: String) -> String? {
    guard let root = elements.first else { return nil }
    var reader = Reader(bytes, root.attributes)
    while let (key, value) = reader.takeAttribute() {
      if bytes[key].elementsEqual(name.utf8) {
        return String(decoding: Self.unescape(bytes[value]), as: UTF8.self)
      }
    }
    return nil
  }

  /// The name of the first element within it, or within a child of it.
  func child(of parent: String? = nil) -> String? {
    guard let parent else { return elements.first { $0.depth == 1 }.map { local($0.name) } }
    guard let index = index(of: parent), index + 1 < elements.count, elements[index + 1].depth == 2 else {
      return nil
    }
    return local(elements[index + 1].name)
  }

  /// The text that a child of it begins with; `nil` where there is no such child.
  func text(of child: String) -> ArraySlice<UInt8>? {
    index(of: child).map { Self.unescape(bytes[elements[$0].text]) }
  }

  private func index(of child: String) -> Int? {
    elements.firstIndex { $0.depth == 1 && local($0.name) == child }
  }

  private func local(_ name: Range<Int>) -> String {
    let whole = bytes[name]
    let colon = whole.lastIndex(of: UInt8(ascii: ":"))
    return String(decoding: colon.map { whole[($0 + 1)...] } ?? whole, as: UTF8.self)
  }

  // MARK: Escapes

  private static let entities: [(name: String, byte: UInt8)] = [
    ("amp", UInt8(ascii: "&")), ("lt", UInt8(ascii: "<")), ("gt", UInt8(ascii: ">")),
    ("quot", UInt8(ascii: "\"")), ("apos", UInt8(ascii: "'")),
  ]

  /// A text as it may stand in an element or an attribute.
  static func escape(_ text: String) -> String {
    guard text.utf8.contains(where: { byte in entities.contains { $0.byte == byte } }) else { return text }
    var escaped: [UInt8] = []
    for byte in text.utf8 {
      if let entity = entities.first(where: { $0.byte == byte }) {
        escaped.append(contentsOf: "&\(entity.name);".utf8)
      } else {
        escaped.append(byte)
      }
    }
    return String(decoding: escaped, as: UTF8.self)
  }

  /// The text itself; what is escaped otherwise than by the five entities stays as it is.
  private static func unescape(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    guard text.contains(UInt8(ascii: "&")) else { return text }
    var plain: [UInt8] = []
    var rest = text
    while let byte = rest.popFirst() {
      let entity = byte == UInt8(ascii: "&") ? entities.first { rest.starts(with: "\($0.name);".utf8) } : nil
      plain.append(entity?.byte ?? byte)
      if let entity { rest = rest.dropFirst(entity.name.utf8.count + 1) }
    }
    return plain[...]
  }

  // MARK: Reading

  private enum Tag {
    case start(name: Range<Int>, attributes: Range<Int>, isEmpty: Bool)
    case end(name: Range<Int>)
  }

  /// Goes through the bytes once.
  private struct Reader {
    private let bytes: [UInt8]
    private let end: Int
    private(set) var position: Int

    init(_ bytes: [UInt8], _ part: Range<Int>? = nil) {
      self.bytes = bytes
      position = part?.lowerBound ?? 0
      end = part?.upperBound ?? bytes.count
    }

    private var byte: UInt8? { position < end ? bytes[position] : nil }

    /// What stands before the next tag.
    mutating func takeText() -> Range<Int> {
      take { $0 != UInt8(ascii: "<") }
    }

    mutating func takeTag() -> Tag? {
      guard takeOne(UInt8(ascii: "<")) else { return nil }
      if takeOne(UInt8(ascii: "/")) {
        let name = takeName()
        _ = takeSpace()
        return !name.isEmpty && takeOne(UInt8(ascii: ">")) ? .end(name: name) : nil
      }
      let name = takeName()
      guard !name.isEmpty else { return nil }
      let start = position
      while takeAttribute() != nil {}
      let attributes = start..<position
      _ = takeSpace()
      let isEmpty = takeOne(UInt8(ascii: "/"))
      return takeOne(UInt8(ascii: ">")) ? .start(name: name, attributes: attributes, isEmpty: isEmpty) : nil
    }

    /// A space, a name, and a value in quotes; `nil` where there is no whole one, and then nothing is taken.
    mutating func takeAttribute() -> (key: Range<Int>, value: Range<Int>)? {
      let start = position
      if takeSpace(), case let key = takeName(), !key.isEmpty, takeOne(UInt8(ascii: "=")), let quote = byte,
        quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'")
      {
        position += 1
        let value = take { $0 != quote && $0 != UInt8(ascii: "<") }
        if takeOne(quote) { return (key, value) }
      }
      position = start
      return nil
    }

    /// Whether there was any.
    private mutating func takeSpace() -> Bool {
      !take { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\n") }.isEmpty
    }

    private mutating func takeName() -> Range<Int> {
      take { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
          UInt8(ascii: ":"):
          true
        default: false
        }
      }
    }

    private mutating func takeOne(_ wanted: UInt8) -> Bool {
      guard byte == wanted else { return false }
      position += 1
      return true
    }

    private mutating func take(while isWanted: (UInt8) -> Bool) -> Range<Int> {
      let start = position
      while let byte, isWanted(byte) { position += 1 }
      return start..<position
    }
  }
}

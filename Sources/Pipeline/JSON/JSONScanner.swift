/// Validates JSON (RFC 8259) in one pass over its bytes, without allocating.
///
/// Stricter than the RFC where an event must mean the same on every store and client: UTF-8 must be valid, `\u`
/// escapes must form Unicode scalars, NUL is refused however it is written, and nesting is bounded.
struct JSONScanner {
  /// How deeply arrays and objects may be nested.
  static let depthLimit = 64

  let bytes: UnsafeBufferPointer<UInt8>
  var position: Int

  init(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int = 0) {
    self.bytes = bytes
    self.position = position
  }

  /// The byte at the position; 0, which is nowhere valid, at the end.
  @inline(__always)
  var byte: UInt8 { position < bytes.count ? bytes[position] : 0 }

  func fault(_ reason: String) -> JSONFault { JSONFault(position, reason) }

  @inline(__always)
  mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return
      }
    }
  }

  mutating func expect(_ byte: UInt8, _ reason: String) throws(JSONFault) {
    guard self.byte == byte else { throw fault(reason) }
    position += 1
  }

  /// Checks that nothing but white space is left.
  mutating func expectEnd() throws(JSONFault) {
    skipSpace()
    if position < bytes.count { throw fault("unexpected text after the value") }
  }

  /// Passes over a value and says what it is.
  @discardableResult
  mutating func skipValue(depth: Int) throws(JSONFault) -> JSONKind {
    switch byte {
    case UInt8(ascii: "\""):
      try skipString()
      return .string
    case UInt8(ascii: "{"):
      try skipObject(depth: depth + 1)
      return .object
    case UInt8(ascii: "["):
      try skipArray(depth: depth + 1)
      return .array
    case UInt8(ascii: "t"):
      try skipWord("true")
      return .bool
    case UInt8(ascii: "f"):
      try skipWord("false")
      return .bool
    case UInt8(ascii: "n"):
      try skipWord("null")
      return .null
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      try skipNumber()
      return .number
    default:
      throw fault(
        position < bytes.count ? "a value was expected" : "the text ends where a value was expected")
    }
  }

  private mutating func skipObject(depth: Int) throws(JSONFault) {
    try forEachMember(depth: depth) { (scanner, _) throws(JSONFault) in
      try scanner.skipValue(depth: depth)
    }
  }

  private mutating func skipArray(depth: Int) throws(JSONFault) {
    try forEachElement(depth: depth) { (scanner) throws(JSONFault) in
      try scanner.skipValue(depth: depth)
    }
  }

  /// Passes over an object whose members' values `body` passes over; it gets the range of the key, quotes excluded.
  mutating func forEachMember(
    depth: Int, _ body: (inout JSONScanner, Range<Int>) throws(JSONFault) -> Void
  ) throws(JSONFault) {
    if depth > Self.depthLimit { throw fault("nested more than \(Self.depthLimit) deep") }
    position += 1
    skipSpace()
    if byte == UInt8(ascii: "}") {
      position += 1
      return
    }
    while true {
      guard byte == UInt8(ascii: "\"") else { throw fault("a key in quotes was expected") }
      let start = position + 1
      try skipString()
      let key = start..<position - 1
      skipSpace()
      try expect(UInt8(ascii: ":"), "':' was expected after a key")
      skipSpace()
      try body(&self, key)
      skipSpace()
      if byte == UInt8(ascii: ",") {
        position += 1
        skipSpace()
      } else {
        return try expect(UInt8(ascii: "}"), "',' or '}' was expected")
      }
    }
  }

  /// Passes over an array whose elements `body` passes over.
  mutating func forEachElement(
    depth: Int, _ body: (inout JSONScanner) throws(JSONFault) -> Void
  ) throws(JSONFault) {
    if depth > Self.depthLimit { throw fault("nested more than \(Self.depthLimit) deep") }
    position += 1
    skipSpace()
    if byte == UInt8(ascii: "]") {
      position += 1
      return
    }
    while true {
      try body(&self)
      skipSpace()
      if byte == UInt8(ascii: ",") {
        position += 1
        skipSpace()
      } else {
        return try expect(UInt8(ascii: "]"), "',' or ']' was expected")
      }
    }
  }

  private mutating func skipWord(_ word: StaticString) throws(JSONFault) {
    let end = position + word.utf8CodeUnitCount
    guard end <= bytes.count, bytes[position..<end].elementsEqual(word.withUTF8Buffer(Array.init)) else {
      throw fault("a value was expected")
    }
    position = end
  }

  private mutating func skipDigits() throws(JSONFault) {
    guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { throw fault("a digit was expected") }
    while (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
  }

  private mutating func skipNumber() throws(JSONFault) {
    if byte == UInt8(ascii: "-") { position += 1 }
    if byte == UInt8(ascii: "0") { position += 1 } else { try skipDigits() }
    if byte == UInt8(ascii: ".") {
      position += 1
      try skipDigits()
    }
    if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
      position += 1
      if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { position += 1 }
      try skipDigits()
    }
  }

  /// Passes over a string, from its opening quote to behind its closing one.
  mutating func skipString() throws(JSONFault) {
    position += 1
    while true {
      skipPlainText()
      guard position < bytes.count else { throw fault("the text ends within a string") }
      switch bytes[position] {
      case UInt8(ascii: "\""):
        position += 1
        return
      case UInt8(ascii: "\\"): try skipEscape()
      case 0x80...: try skipUTF8()
      default: throw fault("a control character stands unescaped in a string")
      }
    }
  }

  /// Passes over ASCII that needs no second look, eight bytes at a time: no quote, backslash, control character or
  /// byte above 0x7F. Each test sets the top bit of a byte that fails it.
  @inline(__always)
  private mutating func skipPlainText() {
    guard let base = bytes.baseAddress else { return }
    let ones: UInt64 = 0x0101_0101_0101_0101
    let tops: UInt64 = 0x8080_8080_8080_8080
    while position + 8 <= bytes.count {
      let word = UnsafeRawPointer(base + position).loadUnaligned(as: UInt64.self)
      let quote = word ^ (ones &* 0x22)
      let backslash = word ^ (ones &* 0x5C)
      let special =
        (quote &- ones) & ~quote | (backslash &- ones) & ~backslash | (word &- ones &* 0x20) & ~word | word
      let found = special & tops
      if found != 0 {
        position += found.trailingZeroBitCount / 8
        // A borrow may flag a byte behind one that failed, never one before it, so the first is right.
        return
      }
      position += 8
    }
    while position < bytes.count {
      let byte = bytes[position]
      if byte < 0x20 || byte >= 0x80 || byte == 0x22 || byte == 0x5C { return }
      position += 1
    }
  }

  private mutating func skipEscape() throws(JSONFault) {
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      position += 1
    case UInt8(ascii: "u"):
      position += 1
      let unit = try hexUnit()
      if unit == 0 { throw fault("NUL is not allowed in a string") }
      if unit & 0xFC00 == 0xDC00 { throw fault("a lone surrogate stands in a string") }
      if unit & 0xFC00 == 0xD800 {
        guard byte == UInt8(ascii: "\\"), position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "u")
        else {
          throw fault("a lone surrogate stands in a string")
        }
        position += 2
        guard try hexUnit() & 0xFC00 == 0xDC00 else { throw fault("a lone surrogate stands in a string") }
      }
    default: throw fault("an unknown escape stands in a string")
    }
  }

  /// Reads the four digits of a `\u` escape.
  mutating func hexUnit() throws(JSONFault) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: throw fault("four hexadecimal digits were expected")
      }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }

  /// Passes over one scalar of two to four bytes (Unicode 15, table 3-7).
  private mutating func skipUTF8() throws(JSONFault) {
    let length = UTF8Check.scalarLength(in: bytes, at: position)
    guard length > 0 else { throw fault("the text is not valid UTF-8") }
    position += length
  }
}

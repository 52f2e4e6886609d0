import Glibc

/// Strings as JSON writes them.
enum JSONText {
  /// Appends a text in quotes, escaped where JSON asks for it.
  static func appendQuoted(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    let wasPlain: Void? = text.utf8.withContiguousStorageIfAvailable { source in
      if needsEscape(source) {
        for byte in source { append(byte, to: &bytes) }
      } else {
        bytes.append(contentsOf: source)
      }
    }
    if wasPlain == nil { for byte in text.utf8 { append(byte, to: &bytes) } }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Whether a quote, a backslash or a control character stands in a text. Eight bytes at a time; each test sets the top
  /// bit of a byte that fails it, and perhaps of one behind it.
  static func needsEscape(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let tops: UInt64 = 0x8080_8080_8080_8080
    let raw = UnsafeRawBufferPointer(text)
    var index = 0
    while index + 8 <= text.count {
      let word = raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      let quote = word ^ (ones &* 0x22)
      let backslash = word ^ (ones &* 0x5C)
      let special =
        (quote &- ones) & ~quote | (backslash &- ones) & ~backslash | (word &- ones &* 0x20) & ~word
      if special & tops != 0 { return true }
      index += 8
    }
    return text[index...].contains { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }
  }

  private static func append(_ byte: UInt8, to bytes: inout [UInt8]) {
    switch byte {
    case UInt8(ascii: "\""): bytes.append(contentsOf: #"\""#.utf8)
    case UInt8(ascii: "\\"): bytes.append(contentsOf: #"\\"#.utf8)
    case 0x0A: bytes.append(contentsOf: #"\n"#.utf8)
    case 0x0D: bytes.append(contentsOf: #"\r"#.utf8)
    case 0x09: bytes.append(contentsOf: #"\t"#.utf8)
    case 0..<0x20:
      let digits = Array("0123456789abcdef".utf8)
      bytes.append(contentsOf: #"\u00"#.utf8)
      bytes.append(digits[Int(byte >> 4)])
      bytes.append(digits[Int(byte & 15)])
    default: bytes.append(byte)
    }
  }

  /// Whether bytes are those of a text.
  static func isEqual(_ bytes: UnsafeBufferPointer<UInt8>, _ text: StaticString) -> Bool {
    guard bytes.count == text.utf8CodeUnitCount, let start = bytes.baseAddress else { return false }
    return memcmp(start, text.utf8Start, bytes.count) == 0
  }

  /// Whether a backslash stands in a text.
  static func hasEscape(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let start = text.baseAddress else { return false }
    return memchr(start, CInt(UInt8(ascii: "\\")), text.count) != nil
  }

  /// The text that validated bytes between quotes stand for.
  static func unescape(_ bytes: some RandomAccessCollection<UInt8>) -> String {
    let plain = bytes.withContiguousStorageIfAvailable { bytes in
      hasEscape(bytes) ? nil : String(decoding: bytes, as: UTF8.self)
    }
    if let plain = plain ?? nil { return plain }
    let raw = Array(bytes)
    var text: [UInt8] = []
    text.reserveCapacity(raw.count)
    raw.withUnsafeBufferPointer { buffer in
      var scanner = JSONScanner(buffer)
      while scanner.position < buffer.count {
        let byte = scanner.byte
        scanner.position += 1
        guard byte == UInt8(ascii: "\\") else {
          text.append(byte)
          continue
        }
        let escape = scanner.byte
        scanner.position += 1
        switch escape {
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text.append(contentsOf: scalar(&scanner))
        default: text.append(escape)
        }
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The scalar of a validated `\u` escape, its second half included where it has one.
  private static func scalar(_ scanner: inout JSONScanner) -> Unicode.UTF8.EncodedScalar {
    guard let first = try? scanner.hexUnit() else { return Unicode.UTF8.encodedReplacementCharacter }
    var value = UInt32(first)
    if first & 0xFC00 == 0xD800 {
      scanner.position += 2
      let second = (try? scanner.hexUnit()) ?? 0
      value = 0x10000 + (UInt32(first & 0x3FF) << 10 | UInt32(second & 0x3FF))
    }
    guard let scalar = Unicode.Scalar(value) else { return Unicode.UTF8.encodedReplacementCharacter }
    return Unicode.UTF8.encode(scalar) ?? Unicode.UTF8.encodedReplacementCharacter
  }
}

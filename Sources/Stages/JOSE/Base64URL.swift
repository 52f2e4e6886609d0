/// Base64 with the alphabet for URLs, without padding (RFC 4648 section 5, as RFC 7515 section 2 uses it).
enum Base64URL {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  /// The six bits of each byte of the alphabet, and 0xff for all others.
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 0xff, count: 256)
    for (value, byte) in alphabet.enumerated() { values[Int(byte)] = UInt8(value) }
    return values
  }()

  /// Encodes bytes.
  static func encode(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    var bits: UInt32 = 0
    var width = 0
    for byte in bytes {
      bits = bits << 8 | UInt32(byte)
      width += 8
      while width >= 6 {
        width -= 6
        text.append(alphabet[Int(bits >> width & 0x3f)])
      }
    }
    if width > 0 { text.append(alphabet[Int(bits << (6 - width) & 0x3f)]) }
    return String(decoding: text, as: UTF8.self)
  }

  /// Decodes a text; `nil` where it is not what ``encode(_:)`` gives: padding, white space and letters outside the
  /// alphabet are refused, and so are unused bits that are set, so that no two texts stand for the same bytes.
  static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    guard text.count % 4 != 1 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3 + 2)
    var bits: UInt32 = 0
    var width = 0
    for letter in text {
      let value = values[Int(letter)]
      guard value != 0xff else { return nil }
      bits = bits << 6 | UInt32(value)
      width += 6
      if width >= 8 {
        width -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> width))
      }
    }
    guard bits & (1 << width - 1) == 0 else { return nil }
    return bytes
  }
}

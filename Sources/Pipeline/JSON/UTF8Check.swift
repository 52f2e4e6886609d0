/// Checks that bytes are valid UTF-8.
public enum UTF8Check {
  /// Whether all bytes together are valid UTF-8.
  public static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    validPrefix(of: bytes) == bytes.count
  }

  /// How many bytes there are before the first that is not valid.
  static func validPrefix(of bytes: UnsafeBufferPointer<UInt8>) -> Int {
    guard let base = bytes.baseAddress else { return bytes.count }
    var position = 0
    while position < bytes.count {
      if position + 8 <= bytes.count,
        UnsafeRawPointer(base + position).loadUnaligned(as: UInt64.self) & 0x8080_8080_8080_8080 == 0
      {
        position += 8
      } else if bytes[position] < 0x80 {
        position += 1
      } else {
        let length = scalarLength(in: bytes, at: position)
        if length == 0 { return position }
        position += length
      }
    }
    return position
  }

  /// The length of the scalar of two to four bytes at a position, or 0 where there is no valid one: no overlong form,
  /// no surrogate, nothing above U+10FFFF (Unicode 15, table 3-7).
  static func scalarLength(in bytes: UnsafeBufferPointer<UInt8>, at position: Int) -> Int {
    let length: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch bytes[position] {
    case 0xC2...0xDF: length = 2
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: length = 3
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: length = 4
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    default: return 0
    }
    guard position + length <= bytes.count, second.contains(bytes[position + 1]) else { return 0 }
    for offset in 2..<max(2, length) where bytes[position + offset] & 0xC0 != 0x80 { return 0 }
    return length
  }
}

/// What of the distinguished encoding rules (X.690) keys and signatures are written in.
enum DER {
  /// A value with its tag and length.
  static func value(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
    var length: [UInt8] = []
    if content.count < 0x80 {
      length = [UInt8(content.count)]
    } else {
      var rest = content.count
      while rest > 0 {
        length.insert(UInt8(truncatingIfNeeded: rest), at: 0)
        rest >>= 8
      }
      length.insert(0x80 | UInt8(length.count), at: 0)
    }
    return [tag] + length + content
  }

  /// Values one after the other, as one.
  static func sequence(_ values: [UInt8]...) -> [UInt8] { value(0x30, values.flatMap(\.self)) }

  /// A number that is not negative, given by its bytes, highest first.
  static func integer(_ bytes: some Collection<UInt8>) -> [UInt8] {
    let digits = Array(bytes.drop { $0 == 0 })
    guard let first = digits.first else { return value(0x02, [0]) }
    return value(0x02, first & 0x80 == 0 ? digits : [0] + digits)
  }

  /// A string of whole bytes as bits.
  static func bits(_ bytes: [UInt8]) -> [UInt8] { value(0x03, [0] + bytes) }

  /// An object identifier by its encoded content.
  static func identifier(_ content: [UInt8]) -> [UInt8] { value(0x06, content) }

  /// Nothing, where a value has to stand.
  static let null: [UInt8] = [0x05, 0x00]
}

/// Numbers as base-32 text that sorts as the numbers do: digits 0–9 and a–v, most significant first (RFC 4648,
/// section 7, in lower case and without padding).
enum Base32 {
  /// How many digits a number of a type has: 13 for 64 bits.
  static func digits<Number: FixedWidthInteger>(of type: Number.Type) -> Int { (Number.bitWidth + 4) / 5 }

  /// Hands the digits of a number to `write`, always as many as its type has.
  static func encode<Number: FixedWidthInteger & UnsignedInteger>(_ number: Number, _ write: (UInt8) -> Void)
  {
    var shift = (digits(of: Number.self) - 1) * 5
    while shift >= 0 {
      let value = UInt8(truncatingIfNeeded: number >> Number(shift)) & 31
      write(value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10)
      shift -= 5
    }
  }

  /// The number that digits stand for; `nil` where one is no digit or the number has more than 64 bits.
  static func decode(_ digits: some Sequence<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for byte in digits {
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "v"): digit = byte - UInt8(ascii: "a") + 10
      default: return nil
      }
      guard value >> 59 == 0 else { return nil }
      value = value << 5 | UInt64(digit)
    }
    return value
  }
}

/// The slot of a cluster that a key is in: CRC-16 of its hash tag, or of all of it where it has none, modulo 16,384.
enum HashSlot {
  static let count = 16_384

  static func of(_ key: some Collection<UInt8>) -> Int {
    let tagged: any Sequence<UInt8>
    if let open = key.firstIndex(of: UInt8(ascii: "{")) {
      let rest = key[key.index(after: open)...]
      if let close = rest.firstIndex(of: UInt8(ascii: "}")), close != rest.startIndex {
        tagged = rest[..<close]
      } else {
        tagged = key
      }
    } else {
      tagged = key
    }
    var crc: UInt16 = 0
    for byte in tagged { crc = crc << 8 ^ table[Int(UInt8(crc >> 8) ^ byte)] }
    return Int(crc) % count
  }

  /// CRC-16/XMODEM, polynomial 0x1021.
  private static let table: [UInt16] = (0..<256).map { byte in
    (0..<8).reduce(UInt16(byte) << 8) { crc, _ in crc & 0x8000 != 0 ? crc << 1 ^ 0x1021 : crc << 1 }
  }
}

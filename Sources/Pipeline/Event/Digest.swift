/// A 64-bit FNV-1a hash, the same in every process: for telling bodies apart, never for security.
///
/// Source: Fowler, Noll, Vo, "The FNV Non-Cryptographic Hash Algorithm" (offset basis and prime for 64 bits).
public struct Digest: Sendable {
  /// The hash of what was combined so far.
  public private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  /// The hash of nothing.
  public init() {}

  /// Adds a text and its length, so that two texts never run into each other.
  public mutating func combine(_ text: String) {
    combine(UInt64(text.utf8.count))
    // A loop over memory takes a third of one over a text.
    var text = text
    text.withUTF8 { bytes in for byte in bytes { combine(byte) } }
  }

  /// Adds a text that may be absent.
  public mutating func combine(_ text: String?) {
    combine(UInt8(text == nil ? 0 : 1))
    if let text { combine(text) }
  }

  /// Adds a number.
  public mutating func combine(_ number: UInt64) {
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      combine(UInt8(truncatingIfNeeded: number >> shift))
    }
  }

  private mutating func combine(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
}

import Glibc

/// An IPv4 or IPv6 address; one of IPv4 is the same as its form mapped into IPv6 (RFC 4291 section 2.5.5.2).
struct IPAddress: Hashable, Sendable, CustomStringConvertible {
  /// The address in 16 bytes, as two numbers.
  let high: UInt64
  let low: UInt64

  private static let mapped: UInt64 = 0xffff_0000_0000

  init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// An address of IPv4 by its number.
  init(v4 number: UInt32) { self.init(high: 0, low: Self.mapped | UInt64(number)) }

  /// An address by its text; `nil` where it is none.
  init?(_ text: String) {
    var v4: UInt32 = 0
    if inet_pton(AF_INET, text, &v4) == 1 {
      self.init(v4: UInt32(bigEndian: v4))
      return
    }
    var v6: (UInt64, UInt64) = (0, 0)
    guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
    self.init(high: UInt64(bigEndian: v6.0), low: UInt64(bigEndian: v6.1))
  }

  var isV4: Bool { high == 0 && low >> 32 == 0xffff }

  /// What connections of one customer are counted under: the address, or of IPv6 its first 64 bits, since a customer
  /// is given at least as many (RFC 6177 section 2).
  var customer: IPAddress { isV4 ? self : IPAddress(high: high, low: 0) }

  var description: String {
    if isV4 {
      return stride(from: 24, through: 0, by: -8).map { String(UInt8(truncatingIfNeeded: low >> UInt64($0))) }
        .joined(separator: ".")
    }
    var bytes = (high.bigEndian, low.bigEndian)
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    guard inet_ntop(AF_INET6, &bytes, &text, socklen_t(text.count)) != nil else { return "?" }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// Addresses with the same first bits, written `10.0.0.0/8`; without a length a single address.
struct IPRange: Equatable, Sendable {
  private let first: IPAddress
  private let length: Int

  init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), let address = IPAddress(String(parts[0])) else { return nil }
    let most = address.isV4 && !parts[0].contains(":") ? 32 : 128
    var length = most
    if parts.count == 2 {
      guard let given = Int(parts[1]), (0...most).contains(given) else { return nil }
      length = given
    }
    self.length = length + 128 - most
    first = address
  }

  func contains(_ address: IPAddress) -> Bool {
    func differs(_ one: UInt64, _ other: UInt64, _ bits: Int) -> Bool {
      bits > 0 && (one ^ other) >> UInt64(64 - bits) != 0
    }
    return !differs(first.high, address.high, min(length, 64))
      && !differs(first.low, address.low, max(length - 64, 0))
  }
}

/// The header that a proxy puts in front of a connection to say whom it speaks for: version 2 of the PROXY protocol
/// (https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt, section 2.2).
enum ProxyHeader: Equatable {
  /// The bytes are no such header, and were not meant to be one.
  case absent
  /// More bytes are needed to tell.
  case incomplete
  /// It begins like one, and is none that can be understood.
  case malformed
  /// A header of so many bytes; `client` is `nil` where the proxy speaks for itself or says nothing of use.
  case present(client: IPAddress?, length: Int)

  /// What no HTTP request and no TLS record begins with.
  private static let signature: [UInt8] = [
    0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a,
  ]
  /// Addresses take 36 bytes at most, or 216 of Unix sockets; the rest is for what proxies add, and is not read.
  private static let mostBytes = 2048

  /// Looks at the first bytes of a connection.
  init(_ bytes: some RandomAccessCollection<UInt8>) {
    guard bytes.starts(with: Self.signature.prefix(bytes.count)) else {
      self = .absent
      return
    }
    guard bytes.count >= 16 else {
      self = .incomplete
      return
    }
    let head = Array(bytes.prefix(16))
    let length = Int(head[14]) << 8 | Int(head[15])
    guard head[12] >> 4 == 2, head[12] & 0xf <= 1, length <= Self.mostBytes else {
      self = .malformed
      return
    }
    guard bytes.count >= 16 + length else {
      self = .incomplete
      return
    }
    let isLocal = head[12] & 0xf == 0
    let addresses = Array(bytes.dropFirst(16).prefix(length))
    guard !isLocal else {
      self = .present(client: nil, length: 16 + length)
      return
    }
    switch head[13] >> 4 {
    case 1 where length >= 12: self = .present(client: Self.v4(addresses), length: 16 + length)
    case 2 where length >= 36: self = .present(client: Self.v6(addresses), length: 16 + length)
    case 0, 3: self = .present(client: nil, length: 16 + length)
    default: self = .malformed
    }
  }

  private static func v4(_ bytes: [UInt8]) -> IPAddress {
    IPAddress(v4: bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) })
  }

  private static func v6(_ bytes: [UInt8]) -> IPAddress {
    func word(_ part: ArraySlice<UInt8>) -> UInt64 { part.reduce(0) { $0 << 8 | UInt64($1) } }
    return IPAddress(high: word(bytes[0..<8]), low: word(bytes[8..<16]))
  }
}

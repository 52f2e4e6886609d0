import Pipeline

/// The peers that are believed when they say whom they speak for.
struct TrustedProxies: Sendable {
  private let ranges: [IPRange]
  private let trustsSocket: Bool

  /// Nobody is believed.
  static let none = TrustedProxies(ranges: [], trustsSocket: false)

  private init(ranges: [IPRange], trustsSocket: Bool) {
    self.ranges = ranges
    self.trustsSocket = trustsSocket
  }

  /// Peers by their addresses and ranges of such; `unix` stands for all peers on a Unix socket. `nil` where one is
  /// neither.
  init?(_ texts: [String]) {
    var ranges: [IPRange] = []
    for text in texts where text != "unix" {
      guard let range = IPRange(text) else { return nil }
      ranges.append(range)
    }
    self.init(ranges: ranges, trustsSocket: texts.contains("unix"))
  }

  /// Whether a peer is believed.
  ///
  /// - Parameter address: Its address; `nil` on a Unix socket.
  func trust(_ address: IPAddress?) -> Bool {
    guard let address else { return trustsSocket }
    return ranges.contains { $0.contains(address) }
  }

  /// Who has sent a request that has come by a trusted peer: in what each proxy has added to `X-Forwarded-For`, the
  /// last address that is no trusted proxy's. What stands before it, anybody may have written.
  ///
  /// - Returns: `nil` where the header does not say.
  func client(forwardedFor values: [String]) -> IPAddress? {
    var client: IPAddress?
    for text in values.joined(separator: ",").split(separator: ",").reversed() {
      guard let address = Self.address(text.trimmed) else { break }
      client = address
      guard trust(address) else { break }
    }
    return client
  }

  /// An address as proxies write it: bare, in brackets, or with a port behind it.
  private static func address(_ text: Substring) -> IPAddress? {
    if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
      return IPAddress(String(text[text.index(after: text.startIndex)..<end]))
    }
    if let address = IPAddress(String(text)) { return address }
    guard let colon = text.firstIndex(of: ":"), UInt16(text[text.index(after: colon)...]) != nil else {
      return nil
    }
    return IPAddress(String(text[..<colon]))
  }
}

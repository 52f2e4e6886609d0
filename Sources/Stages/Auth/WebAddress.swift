/// An absolute address of a document: `https://host[:port]/path` or `http://…` (RFC 9110 section 4.2).
struct WebAddress: Equatable {
  let isEncrypted: Bool
  let host: String

  /// `nil` where it is none, or has a user in it: what is secret does not belong into an address.
  init?(_ text: String) {
    let schemes = [("https://", true), ("http://", false)]
    guard let (scheme, isEncrypted) = schemes.first(where: { text.lowercased().hasPrefix($0.0) }) else {
      return nil
    }
    let rest = text.dropFirst(scheme.count)
    guard rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), !rest.contains("#") else { return nil }
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    guard !authority.contains("@") else { return nil }
    var host = authority
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else { return nil }
      host = authority[authority.index(after: authority.startIndex)..<end]
      guard Self.isPort(authority[authority.index(after: end)...]) else { return nil }
    } else if let colon = authority.firstIndex(of: ":") {
      host = authority[..<colon]
      guard Self.isPort(authority[colon...]) else { return nil }
    }
    guard !host.isEmpty else { return nil }
    self.isEncrypted = isEncrypted
    self.host = String(host)
  }

  /// Whether only this machine is reached by it.
  var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

  private static func isPort(_ text: Substring) -> Bool {
    guard let first = text.first else { return true }
    guard first == ":", let port = UInt16(text.dropFirst()) else { return false }
    return port > 0
  }
}

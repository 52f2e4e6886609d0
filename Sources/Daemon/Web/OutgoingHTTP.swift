import AsyncHTTPClient
import NIOCore
import NIOSSL
import Pipeline

/// How the daemon's own requests leave the machine, as the environment says: `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`
/// (in capitals or not) name proxies and the hosts that are reached without, `SSL_CERT_FILE` the authorities that are
/// believed.
struct OutgoingHTTP: Sendable, Equatable {
  /// A proxy, by where it is.
  struct Proxy: Sendable, Hashable {
    var host: String
    var port: Int
    /// Who asks it, where it wants to know.
    var user: String?
    var password = ""

    /// The proxy of an address: `http://[user:password@]host[:port][/]`; `nil` where it is none.
    init?(_ text: String) {
      var rest = Substring(text)
      if rest.lowercased().hasPrefix("http://") { rest = rest.dropFirst(7) }
      guard !rest.contains("://") else { return nil }
      if let at = rest.lastIndex(of: "@") {
        let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        user = String(parts[0])
        if parts.count == 2 { password = String(parts[1]) }
        rest = rest[rest.index(after: at)...]
      }
      if rest.last == "/" { rest = rest.dropLast() }
      var name = rest
      port = 80
      if let colon = rest.lastIndex(of: ":"), rest.last != "]" {
        guard let number = UInt16(rest[rest.index(after: colon)...]), number > 0 else { return nil }
        (name, port) = (rest[..<colon], Int(number))
      }
      if name.hasPrefix("["), name.hasSuffix("]") { name = name.dropFirst().dropLast() }
      guard !name.isEmpty, !name.contains("/") else { return nil }
      host = String(name)
    }
  }

  private let encrypted: Proxy?
  private let plain: Proxy?
  /// Hosts, and the ends of hosts' names that begin with a dot; `*` is all.
  private let direct: [String]
  private let authorities: String?

  /// What an environment says.
  init(environment: [String: String]) {
    func value(_ name: String) -> String? {
      (environment[name.lowercased()] ?? environment[name]).flatMap { $0.isEmpty ? nil : $0 }
    }
    encrypted = value("HTTPS_PROXY").flatMap(Proxy.init)
    plain = value("HTTP_PROXY").flatMap(Proxy.init)
    direct = (value("NO_PROXY") ?? "").split(separator: ",").map { item in
      item.filter { $0 != " " }.lowercased()
    }
    authorities = value("SSL_CERT_FILE")
  }

  /// The proxy that an address is reached by; `nil` where it is reached without.
  func proxy(for address: String) -> Proxy? {
    let isEncrypted = address.lowercased().hasPrefix("https://")
    guard let proxy = isEncrypted ? encrypted : plain, let host = Self.host(of: address) else { return nil }
    // This machine's own addresses mean another machine to a proxy.
    let isOwn = host == "localhost" || host == "::1" || host.hasPrefix("127.")
    return isOwn || isDirect(host) ? nil : proxy
  }

  private func isDirect(_ host: String) -> Bool {
    direct.contains { item in
      if item == "*" { return true }
      let name = item.hasPrefix(".") ? String(item.dropFirst()) : item
      return !name.isEmpty && (host == name || host.hasSuffix("." + name))
    }
  }

  /// The host of an address, in small letters and without brackets.
  static func host(of address: String) -> String? {
    guard let start = address.firstRange(of: "://")?.upperBound else { return nil }
    var authority = address[start...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
    if authority.hasPrefix("[") { return authority.dropFirst().prefix { $0 != "]" }.lowercased() }
    return authority.prefix { $0 != ":" }.lowercased()
  }

  /// A client's configuration for addresses behind a proxy, or behind none.
  func configuration(_ proxy: Proxy?) -> HTTPClient.Configuration {
    var tls = TLSConfiguration.makeClientConfiguration()
    if let authorities { tls.trustRoots = .file(authorities) }
    var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
    configuration.redirectConfiguration = .disallow
    configuration.timeout.connect = .seconds(3)
    if let proxy {
      configuration.proxy = .server(
        host: proxy.host, port: proxy.port,
        authorization: proxy.user.map { .basic(username: $0, password: proxy.password) })
    }
    return configuration
  }
}

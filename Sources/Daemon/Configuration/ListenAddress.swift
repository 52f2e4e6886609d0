import Pipeline

/// Where to listen: `host:port`, with an IPv6 host in brackets, `unix:/path` of a socket, or `systemd` for the sockets that
/// systemd passes.
enum ListenAddress: ConfigurationText, Equatable, CustomStringConvertible {
  case tcp(host: String, port: Int)
  case unix(path: String)
  case systemd

  static let form = "an address such as 127.0.0.1:8080, unix:/run/sluice/clients.sock, or systemd"
  static let placeholder = ListenAddress.tcp(host: "127.0.0.1", port: 8080)

  init?(_ text: String) {
    if text == "systemd" {
      self = .systemd
      return
    }
    if text.hasPrefix("unix:") {
      let path = String(text.dropFirst(5))
      guard path.hasPrefix("/"), path.utf8.count <= SocketPath.longest else { return nil }
      self = .unix(path: path)
      return
    }
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (0...65_535).contains(port)
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty else { return nil }
    self = .tcp(host: String(host), port: port)
  }

  /// Whether only this machine reaches it, as far as the file says.
  var isLocal: Bool {
    switch self {
    case .unix, .systemd: true
    case .tcp(let host, _): host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }
  }

  /// What a request calls the host.
  var host: String { if case .unix = self { "localhost" } else { description } }

  var description: String {
    switch self {
    case .unix(let path): "unix:\(path)"
    case .systemd: "systemd"
    case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
  }
}

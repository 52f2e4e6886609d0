import Pipeline

/// The path of a socket, relative to where the daemon is started or not.
struct SocketPath: ConfigurationText, Equatable, CustomStringConvertible {
  static let form = "the path of a socket, of at most \(longest) bytes"
  static let placeholder = SocketPath(path: "control.sock")

  /// The longest path of a socket (`sun_path` of unix(7), without its end).
  static let longest = 107

  let path: String

  private init(path: String) { self.path = path }

  init?(_ text: String) {
    guard !text.isEmpty, text.utf8.count <= Self.longest, !text.hasSuffix("/"), !text.utf8.contains(0) else {
      return nil
    }
    path = text
  }

  /// Where the control socket is unless the file says otherwise: in the directory that systemd makes for the service, else
  /// beside the store.
  static func usual(_ environment: [String: String]) -> SocketPath {
    let folder = environment["RUNTIME_DIRECTORY"].flatMap { $0.split(separator: ":").first.map(String.init) }
    return SocketPath("\(folder ?? "var")/control.sock") ?? placeholder
  }

  var description: String { path }
}

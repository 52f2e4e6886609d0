import Glibc

/// The listening sockets that systemd has opened for this process, by the protocol of sd_listen_fds(3). They are systemd's as
/// well: what connects while the daemon is started anew waits in them, and is refused by nobody.
struct PassedSockets: Sendable {
  /// One of them.
  struct Socket: Sendable, Equatable {
    let descriptor: Int32
    /// `FileDescriptorName=` of its unit.
    let name: String
  }

  /// The first descriptor that is passed (`SD_LISTEN_FDS_START`).
  private static let first: Int32 = 3
  /// More than anybody has use for.
  private static let most: Int32 = 256

  /// Those of `server.admin`, which are named so.
  let admin: [Socket]
  /// Those of `server.listen`: all others.
  let clients: [Socket]

  /// What a unit's environment says of sockets; none where they are for another process.
  ///
  /// - Parameters:
  ///   - environment: `LISTEN_FDS`, `LISTEN_PID` and `LISTEN_FDNAMES` are read.
  ///   - processID: What `LISTEN_PID` has to say.
  init(environment: [String: String], processID: Int32 = getpid()) {
    guard environment["LISTEN_PID"].flatMap(Int32.init) == processID,
      let count = environment["LISTEN_FDS"].flatMap(Int32.init), (1...Self.most).contains(count)
    else {
      self.init([])
      return
    }
    let names = (environment["LISTEN_FDNAMES"] ?? "").split(separator: ":", omittingEmptySubsequences: false)
    self.init(
      (0..<count).map { number in
        let name = Int(number) < names.count ? String(names[Int(number)]) : ""
        return Socket(descriptor: Self.first + number, name: name)
      })
  }

  private init(_ sockets: [Socket]) {
    admin = sockets.filter { $0.name == "admin" }
    clients = sockets.filter { $0.name != "admin" }
  }

  /// Takes what was passed to this process. No process that it starts gets the sockets or hears of them.
  ///
  /// To be called once, before other threads look at the environment.
  static func take() -> PassedSockets {
    let passed = PassedSockets(environment: ProcessEnvironment.variables)
    for name in ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"] { unsetenv(name) }
    for socket in passed.clients + passed.admin { _ = fcntl(socket.descriptor, F_SETFD, FD_CLOEXEC) }
    return passed
  }

  /// Closes what the configuration has no use for; systemd keeps it.
  func closeUnused(by configuration: DaemonConfiguration) {
    for socket in unused(by: configuration) { close(socket.descriptor) }
  }

  /// Those that a configuration has no use for.
  func unused(by configuration: DaemonConfiguration) -> [Socket] {
    (configuration.listen == .systemd ? [] : clients) + (configuration.admin == .systemd ? [] : admin)
  }
}

extension PassedSockets.Socket: CustomStringConvertible {
  var description: String { "socket \(descriptor)" + (name.isEmpty ? "" : " '\(name)'") }

  /// Whether it is a stream's that takes connections.
  var listens: Bool { option(SO_TYPE) == Int32(SOCK_STREAM.rawValue) && option(SO_ACCEPTCONN) == 1 }

  /// Whether other machines reach it.
  var isOpenToOthers: Bool {
    var address = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let isKnown = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) == 0 }
    }
    guard isKnown else { return false }
    // By the layouts of ip(7) and ipv6(7).
    return withUnsafeBytes(of: address) { bytes in
      switch Int32(address.ss_family) {
      case AF_INET: bytes[4] != 127
      case AF_INET6: !(bytes[8..<23].allSatisfy { $0 == 0 } && bytes[23] == 1)
      default: false
      }
    }
  }

  private func option(_ name: Int32) -> Int32? {
    var value: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
  }
}

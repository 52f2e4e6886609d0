import Pipeline

/// What `sluice serve` says of the sockets that it was passed, at the keys of the file that they are for.
extension PassedSockets {
  /// What is wrong or dubious about the sockets that a configuration wants.
  func findings(_ configuration: DaemonConfiguration) -> [Finding] {
    var findings: [Finding] = []
    if configuration.listen == .systemd {
      findings += Self.findings(
        "server.listen", clients,
        missing:
          "'systemd' is for a service with a socket unit; elsewhere say an address, such as 127.0.0.1:8080")
      if configuration.isReadable, clients.contains(where: \.isOpenToOthers) {
        findings.append(
          Finding(key: "server.listen", text: DaemonConfiguration.readableWarning, severity: .warning))
      }
    }
    if configuration.admin == .systemd {
      findings += Self.findings(
        "server.admin", admin, missing: "the socket unit needs 'FileDescriptorName=admin'")
    }
    for socket in unused(by: configuration) {
      let key = socket.name == "admin" ? "server.admin" : "server.listen"
      findings.append(
        Finding(
          key: key, text: "systemd has passed \(socket), which only '\(key): systemd' would use",
          severity: .warning))
    }
    return findings
  }

  private static func findings(_ key: String, _ sockets: [Socket], missing: String) -> [Finding] {
    guard !sockets.isEmpty else {
      return [Finding(key: key, text: "systemd has passed no socket for it: \(missing)", severity: .error)]
    }
    return sockets.filter { !$0.listens }.map { socket in
      Finding(
        key: key, text: "\(socket) takes no connections: its unit needs 'ListenStream=' and 'Accept=no'",
        severity: .error)
    }
  }
}

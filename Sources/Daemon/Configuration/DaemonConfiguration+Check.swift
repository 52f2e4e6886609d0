import Pipeline

extension DaemonConfiguration {
  /// What decoding could not see: values out of range, files that can't be used, and what works but is dubious.
  ///
  /// - Parameter unread: The places of values that could not be read.
  func faults(in root: YAMLNode, unread: Set<Mark> = [], at now: Timestamp) -> [Fault] {
    var check = Check(root: root, unread: unread)
    if check.isSet(["version"]) {
      check.that(version == 1, ["version"], "'version' \(version) is not known; this daemon reads version 1")
    }
    checkLimits(&check)
    checkTimes(&check)
    checkBackends(&check)
    check.that(
      server?.backendScope?.isEmpty != true, ["server", "backend_scope"], "'backend_scope' must not be empty")
    if let proxies = server?.trustedProxies {
      for text in proxies {
        check.that(
          TrustedProxies([text]) != nil, ["server", "trusted_proxies"], item: text,
          "'\(text)' is no address such as 10.0.0.7, no range such as 10.0.0.0/8, and not 'unix'")
      }
    }
    server?.tls?.check(&check, at: now)
    check.that(
      listen.isLocal || !isReadable, ["server", "listen"], Self.readableWarning, .warning)
    check.that(
      admin.isLocal, ["server", "admin"], "'admin' is reached from other machines", .warning)
    return check.faults
  }

  /// Whether what clients send is there to be read by whoever is on its way: no TLS, and no proxy that could have it.
  var isReadable: Bool { server?.tls == nil && server?.trustedProxies?.isEmpty != false }

  /// What is said where that way may lead over a network.
  static let readableWarning =
    "'listen' is reached from other machines, and there is no TLS: tokens and messages travel readable"

  private func checkLimits(_ check: inout Check) {
    let limits = server?.limits
    func path(_ key: String) -> [String] { ["server", "limits", key] }
    check.that(
      limits?.maxFrame.map { (1024...16 << 20).contains($0.bytes) }, path("max_frame"),
      "'max_frame' is from 1KiB to 16MiB")
    check.that(
      limits?.outboundBuffer.map { $0.bytes >= 4096 }, path("outbound_buffer"),
      "'outbound_buffer' is at least 4KiB")
    let counts = [
      ("max_connections", limits?.maxConnections),
      ("max_connections_per_user", limits?.maxConnectionsPerUser),
      ("max_unauthenticated", limits?.maxUnauthenticated),
      ("max_connections_per_ip", limits?.maxConnectionsPerIP),
    ]
    for (key, count) in counts {
      check.that(count.map { $0 > 0 }, path(key), "'\(key)' is at least 1")
    }
    check.that(
      server?.abuseAfter.map { $0 > 0 }, ["server", "abuse_after"], "'abuse_after' is at least 1")
  }

  private func checkBackends(_ check: inout Check) {
    let isStoreKnown = check.isRead(["store"])
    check.that(
      !isStoreKnown || retention?.messages == nil || !storeURL.isEmbedded, ["retention", "messages"],
      "'messages' needs a store of partitions: postgres://…")
    check.that(
      retention?.messages.map { $0.duration >= .seconds(86_400) }, ["retention", "messages"],
      "'messages' is at least 1d")
    guard isStoreKnown, check.isRead(["state"]) else { return }
    check.that(
      !storeURL.isEmbedded || stateURL.isEmbedded, ["state"],
      "the store is this node's alone, so nothing is shared by this state", .warning)
    check.that(
      storeURL.isEmbedded || !stateURL.isEmbedded, [check.isSet(["state"]) ? "state" : "store"],
      "'memory:' is for one node: a second one on the same store would not know who is connected here",
      .warning)
  }

  private func checkTimes(_ check: inout Check) {
    check.that(
      server?.handshakeTimeout.map { $0.duration > .zero }, ["server", "handshake_timeout"],
      "'handshake_timeout' is more than nothing")
    check.that(
      server?.pingInterval.map { $0.duration >= .seconds(1) }, ["server", "ping_interval"],
      "'ping_interval' is at least 1s")
    check.that(
      server?.lease.map { $0.duration >= .seconds(1) }, ["server", "lease"], "'lease' is at least 1s")
    check.that(
      server?.reloadTimeout.map { $0.duration >= .seconds(1) }, ["server", "reload_timeout"],
      "'reload_timeout' is at least 1s")
    check.that(
      retention?.sendKeys.map { $0.duration >= .seconds(60) }, ["retention", "send_keys"],
      "'send_keys' is at least 1m: within it, sending again is safe")
    check.that(
      retention?.deadLetters.map { $0.duration >= .seconds(60) }, ["retention", "dead_letters"],
      "'dead_letters' is at least 1m: somebody has to look at them meanwhile")
  }

  /// Gathers faults at the places of their keys.
  struct Check {
    let root: YAMLNode
    let unread: Set<Mark>
    private(set) var faults: [Fault] = []

    init(root: YAMLNode, unread: Set<Mark>) {
      self.root = root
      self.unread = unread
    }

    /// Whether a key stands in the file.
    func isSet(_ path: [String]) -> Bool { node(path) != nil }

    /// Whether the value of a key could be read, as far as there is one.
    func isRead(_ path: [String]) -> Bool { node(path).map { !unread.contains($0.mark) } ?? true }

    private func node(_ path: [String]) -> YAMLNode? { path.reduce(root as YAMLNode?) { $0?[$1] } }

    /// Reports a fault unless something is right, or there is nothing to judge.
    ///
    /// - Parameter item: The item of a list that it is about.
    mutating func that(
      _ isRight: Bool?, _ path: [String], item: String? = nil, _ message: String,
      _ severity: Fault.Severity = .error
    ) {
      guard isRight == false else { return }
      let value = node(path)
      let mark = item.flatMap { value?.mark(ofItem: $0) } ?? value?.mark ?? root.mark
      faults.append(Fault(mark, message, severity: severity))
    }
  }
}

extension TLSFiles {
  /// Reports files that can't be used, a key that others can read, and a certificate that ends soon.
  func check(_ check: inout DaemonConfiguration.Check, at now: Timestamp) {
    let path = ["server", "tls"]
    // The key is looked at also where the certificate can't be used, so that both are told of at once.
    let unusable = unusableFiles
    for fault in unusable where check.isSet(path + [fault.key]) {
      check.that(false, path + [fault.key], fault.description)
    }
    guard unusable.isEmpty else { return }
    do throws(Fault) {
      let expiresAt = try load().expiresAt
      check.that(
        !keyIsOpenToOthers, path + ["key"], "'\(key)' is open to every user of this machine; chmod 0600 it",
        .warning)
      guard let expiresAt else { return }
      check.that(
        now < expiresAt, path + ["certificate"], "the certificate has ended at \(expiresAt)", .warning)
      check.that(
        expiresAt <= now || now + Self.warningAhead < expiresAt, path + ["certificate"],
        "the certificate ends at \(expiresAt)", .warning)
    } catch {
      check.that(false, path + [error.key], error.description)
    }
  }
}

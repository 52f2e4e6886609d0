import Pipeline
import SQLiteStore

/// What `pipeline.yaml` holds besides the chain itself.
struct DaemonConfiguration: Decodable, Sendable {
  var version: Int
  var server: Server?
  var store: StoreURL?
  var state: StateURL?
  var search: Bool?
  var retention: Retention?

  /// How long what is not needed any more is kept.
  struct Retention: Decodable, Sendable {
    var sendKeys: ConfigDuration?
    var deleted: ConfigDuration?

    enum CodingKeys: String, CodingKey {
      case deleted
      case sendKeys = "send_keys"
    }
  }

  struct Server: Decodable, Sendable {
    var listen: HostPort?
    var admin: HostPort?
    var cors: Cors?
    var limits: Limits?
    var handshakeTimeout: ConfigDuration?
    var pingInterval: ConfigDuration?
    var drain: ConfigDuration?
    var abuseAfter: Int?
    var backendScope: String?

    enum CodingKeys: String, CodingKey {
      case listen, admin, cors, limits, drain
      case handshakeTimeout = "handshake_timeout"
      case pingInterval = "ping_interval"
      case abuseAfter = "abuse_after"
      case backendScope = "backend_scope"
    }
  }

  struct Cors: Decodable, Sendable {
    var origins: [String]?
  }

  struct Limits: Decodable, Sendable {
    var maxFrame: ByteSize?
    var maxConnections: Int?
    var maxConnectionsPerUser: Int?
    var outboundBuffer: ByteSize?

    enum CodingKeys: String, CodingKey {
      case maxFrame = "max_frame"
      case maxConnections = "max_connections"
      case maxConnectionsPerUser = "max_connections_per_user"
      case outboundBuffer = "outbound_buffer"
    }
  }

  var listen: HostPort { server?.listen ?? HostPort(host: "127.0.0.1", port: 8080) }
  var admin: HostPort { server?.admin ?? HostPort(host: "127.0.0.1", port: 9090) }
  var storePath: String { store?.path ?? "var/sluice.db" }
  var backendScope: String { server?.backendScope ?? "sluice:server" }
  var storeOptions: SQLiteOptions {
    var options = SQLiteOptions(keepsSearchIndex: search ?? false)
    options.sendKeyRetention = retention?.sendKeys?.duration ?? options.sendKeyRetention
    options.deletedRetention = retention?.deleted?.duration ?? options.deletedRetention
    return options
  }
  var drain: Duration { server?.drain?.duration ?? .seconds(10) }

  var gatewaySettings: GatewaySettings {
    var settings = GatewaySettings()
    let limits = server?.limits
    settings.maxFrame = limits?.maxFrame?.bytes ?? settings.maxFrame
    settings.maxConnections = limits?.maxConnections ?? settings.maxConnections
    settings.maxConnectionsPerUser = limits?.maxConnectionsPerUser ?? settings.maxConnectionsPerUser
    settings.outboundBuffer = limits?.outboundBuffer?.bytes ?? settings.outboundBuffer
    settings.handshakeTimeout = server?.handshakeTimeout?.duration ?? settings.handshakeTimeout
    settings.pingInterval = server?.pingInterval?.duration ?? settings.pingInterval
    settings.abuseAfter = server?.abuseAfter ?? settings.abuseAfter
    settings.origins = server?.cors?.origins ?? []
    return settings
  }

  /// What decoding could not see: values out of range, and what works but is dubious.
  func faults(in root: YAMLNode) -> [Fault] {
    var faults: [Fault] = []
    func check(_ isRight: Bool, _ path: [String], _ message: String, _ severity: Fault.Severity = .error) {
      guard !isRight else { return }
      let mark = path.reduce(root as YAMLNode?) { $0?[$1] }?.mark ?? root.mark
      faults.append(Fault(mark, message, severity: severity))
    }
    check(version == 1, ["version"], "'version' \(version) is not known; this daemon reads version 1")
    let limits = server?.limits
    check(
      (limits?.maxFrame?.bytes).map { (1024...16 << 20).contains($0) } ?? true,
      ["server", "limits", "max_frame"],
      "'max_frame' is from 1KiB to 16MiB")
    check(
      (limits?.maxConnections).map { $0 > 0 } ?? true, ["server", "limits", "max_connections"],
      "'max_connections' is at least 1")
    check(
      (limits?.maxConnectionsPerUser).map { $0 > 0 } ?? true,
      ["server", "limits", "max_connections_per_user"],
      "'max_connections_per_user' is at least 1")
    check(
      (limits?.outboundBuffer?.bytes).map { $0 >= 4096 } ?? true, ["server", "limits", "outbound_buffer"],
      "'outbound_buffer' is at least 4KiB")
    check(
      (server?.handshakeTimeout?.duration).map { $0 > .zero } ?? true, ["server", "handshake_timeout"],
      "'handshake_timeout' is more than nothing")
    check(
      (server?.pingInterval?.duration).map { $0 >= .seconds(1) } ?? true, ["server", "ping_interval"],
      "'ping_interval' is at least 1s")
    check(
      (server?.abuseAfter).map { $0 > 0 } ?? true, ["server", "abuse_after"], "'abuse_after' is at least 1")
    check(
      (retention?.sendKeys?.duration).map { $0 >= .seconds(60) } ?? true, ["retention", "send_keys"],
      "'send_keys' is at least 1m: within it, sending again is safe")
    check(
      server?.backendScope?.isEmpty != true, ["server", "backend_scope"], "'backend_scope' must not be empty")
    check(
      listen.isLoopback, ["server", "listen"],
      "'listen' is reached from other machines, and there is no TLS: tokens and messages travel readable",
      .warning)
    check(admin.isLoopback, ["server", "admin"], "'admin' is reached from other machines", .warning)
    return faults
  }
}

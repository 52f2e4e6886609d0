import Pipeline
import PostgresStore
import SQLiteStore

/// What `pipeline.yaml` holds besides the chain itself.
struct DaemonConfiguration: Decodable, Sendable {
  var version: Int
  var server: Server?
  var store: StoreURL?
  var state: StateURL?
  var control: SocketPath?
  var search: Bool?
  var retention: Retention?

  /// How long what is not needed any more is kept.
  struct Retention: Decodable, Sendable {
    var sendKeys: ConfigDuration?
    var deleted: ConfigDuration?
    var messages: ConfigDuration?
    var deadLetters: ConfigDuration?

    enum CodingKeys: String, CodingKey {
      case deleted, messages
      case sendKeys = "send_keys"
      case deadLetters = "dead_letters"
    }
  }

  struct Server: Decodable, Sendable {
    var listen: ListenAddress?
    var admin: ListenAddress?
    var tls: TLSFiles?
    var cors: Cors?
    var limits: Limits?
    var handshakeTimeout: ConfigDuration?
    var pingInterval: ConfigDuration?
    var drain: ConfigDuration?
    var drainLead: ConfigDuration?
    var abuseAfter: Int?
    var backendScope: String?
    var trustedProxies: [String]?
    var compression: Bool?
    var expiryWarning: ConfigDuration?
    var lease: ConfigDuration?
    var reloadTimeout: ConfigDuration?
    var logLevel: LogLevelName?

    enum CodingKeys: String, CodingKey {
      case listen, admin, tls, cors, limits, drain, compression, lease
      case handshakeTimeout = "handshake_timeout"
      case pingInterval = "ping_interval"
      case drainLead = "drain_lead"
      case abuseAfter = "abuse_after"
      case backendScope = "backend_scope"
      case trustedProxies = "trusted_proxies"
      case expiryWarning = "expiry_warning"
      case reloadTimeout = "reload_timeout"
      case logLevel = "log_level"
    }
  }

  struct Cors: Decodable, Sendable {
    var origins: [String]?
  }

  struct Limits: Decodable, Sendable {
    var maxFrame: ByteSize?
    var maxConnections: Int?
    var maxConnectionsPerUser: Int?
    var maxUnauthenticated: Int?
    var maxConnectionsPerIP: Int?
    var outboundBuffer: ByteSize?

    enum CodingKeys: String, CodingKey {
      case maxFrame = "max_frame"
      case maxConnections = "max_connections"
      case maxConnectionsPerUser = "max_connections_per_user"
      case maxUnauthenticated = "max_unauthenticated"
      case maxConnectionsPerIP = "max_connections_per_ip"
      case outboundBuffer = "outbound_buffer"
    }
  }

  var listen: ListenAddress { server?.listen ?? .tcp(host: "127.0.0.1", port: 8080) }
  var admin: ListenAddress { server?.admin ?? .tcp(host: "127.0.0.1", port: 9090) }
  var storeURL: StoreURL { store ?? .sqlite(path: "var/sluice.db") }
  var stateURL: StateURL { state ?? .memory }
  var backendScope: String { server?.backendScope ?? "sluice:server" }
  var postgresOptions: PostgresOptions {
    var options = PostgresOptions(keepsSearchIndex: search ?? false)
    options.sendKeyRetention = retention?.sendKeys?.duration ?? options.sendKeyRetention
    options.deletedRetention = retention?.deleted?.duration ?? options.deletedRetention
    options.deadLetterRetention = retention?.deadLetters?.duration ?? options.deadLetterRetention
    options.messageRetention = retention?.messages?.duration
    return options
  }
  var sqliteOptions: SQLiteOptions {
    var options = SQLiteOptions(keepsSearchIndex: search ?? false)
    options.sendKeyRetention = retention?.sendKeys?.duration ?? options.sendKeyRetention
    options.deletedRetention = retention?.deleted?.duration ?? options.deletedRetention
    options.deadLetterRetention = retention?.deadLetters?.duration ?? options.deadLetterRetention
    return options
  }
  var lease: Duration { server?.lease?.duration ?? .seconds(30) }
  var controlPath: SocketPath { control ?? .usual(ProcessEnvironment.variables) }
  /// How long the stages of a new chain may take to start.
  var reloadTimeout: Duration { server?.reloadTimeout?.duration ?? .seconds(30) }
  var logLevel: LogLevelName { server?.logLevel ?? .info }
  var drain: Duration { server?.drain?.duration ?? .seconds(10) }
  /// How long before that the daemon says that it is to end.
  var drainLead: Duration { server?.drainLead?.duration ?? .zero }

  var gatewaySettings: GatewaySettings {
    var settings = GatewaySettings()
    let limits = server?.limits
    settings.maxFrame = limits?.maxFrame?.bytes ?? settings.maxFrame
    settings.maxConnections = limits?.maxConnections ?? settings.maxConnections
    settings.maxConnectionsPerUser = limits?.maxConnectionsPerUser ?? settings.maxConnectionsPerUser
    settings.outboundBuffer = limits?.outboundBuffer?.bytes ?? settings.outboundBuffer
    settings.handshakeTimeout = server?.handshakeTimeout?.duration ?? settings.handshakeTimeout
    settings.pingInterval = server?.pingInterval?.duration ?? settings.pingInterval
    settings.maxUnauthenticated = limits?.maxUnauthenticated ?? settings.maxUnauthenticated
    settings.maxConnectionsPerIP = limits?.maxConnectionsPerIP
    settings.trustedProxies = TrustedProxies(server?.trustedProxies ?? []) ?? .none
    settings.compresses = server?.compression ?? false
    settings.expiryWarning = server?.expiryWarning?.duration ?? settings.expiryWarning
    settings.abuseAfter = server?.abuseAfter ?? settings.abuseAfter
    settings.origins = server?.cors?.origins ?? []
    return settings
  }
}

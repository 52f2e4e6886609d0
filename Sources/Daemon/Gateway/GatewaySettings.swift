import Pipeline

/// What bounds connections; read by the loops, replaced as a whole.
struct GatewaySettings: Sendable {
  /// The longest frame and the longest HTTP body, in bytes.
  var maxFrame = 64 * 1024
  /// How many WebSockets the node takes.
  var maxConnections = 20_000
  /// How many of them one user may have; the oldest goes.
  var maxConnectionsPerUser = 16
  /// How many bytes may wait for one client.
  var outboundBuffer = 1024 * 1024
  /// How long a client may take to send a request, and then to present a token.
  var handshakeTimeout = Duration.seconds(10)
  /// How long a connection may be silent before it is pinged; it is dead after two pings without an answer.
  var pingInterval = Duration.seconds(25)
  /// How long before a token's end its connection is warned.
  var expiryWarning = Duration.seconds(60)
  /// How many connections may be open on which nobody has been authenticated yet.
  var maxUnauthenticated = 5000
  /// How many connections one address may have; `nil` for any number.
  var maxConnectionsPerIP: Int?
  /// Who is believed when they say for whom they speak.
  var trustedProxies = TrustedProxies.none
  /// Whether messages are packed for clients that want it.
  var compresses = false
  /// How many rejections in a row are abuse.
  var abuseAfter = 1000
  /// Which origins may connect from a browser besides the daemon's own; `*` stands for all.
  var origins: [String] = []
}

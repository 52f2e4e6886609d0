/// How the shared state uses its Redis.
public struct RedisOptions: Sendable {
  /// What all keys and channels begin with, so that several deployments can share one server.
  public var namespace = "sluice"
  /// How long the server may take to answer a command; beyond, all that is outstanding on the connection fails, and the
  /// connection is opened anew.
  public var timeout = Duration.seconds(1)
  /// How long opening a connection may take.
  public var connectTimeout = Duration.seconds(2)
  /// How long a node counts as alive after its last heartbeat.
  public var lease = Duration.seconds(30)
  /// The time between heartbeats; absent: a third of the lease, at most a second, which is how late a Redis that came back
  /// empty is noticed.
  public var heartbeat: Duration?
  /// How long the last sign of life of users who are offline is kept.
  public var lastSeenKept = Duration.seconds(30 * 86_400)
  /// How many commands may be outstanding on one connection; beyond, calls fail at once.
  public var commandsOutstandingMax = 65_536
  /// How many bytes of commands may be outstanding on one connection; beyond, calls fail at once.
  public var bytesOutstandingMax = 32 << 20
  /// How large one reply of the server may be; beyond, the connection is dropped.
  public var replyBytesMax = 16 << 20
  /// A seam for tests: what is added to the server's time wherever a script reads it, so that a test need not wait.
  @_spi(Testing) public var timeOffset: @Sendable () -> Duration = { .zero }

  /// The defaults.
  public init() {}

  var heartbeatInterval: Duration { heartbeat ?? min(lease / 3, .seconds(1)) }
}

import Logging
import NIOCore
import Services

/// All connections of this node: those for commands, and one that listens.
final class RedisNetwork: Sendable {
  let counters = RedisCounters()
  private let route: any CommandRoute
  private let listening: RedisLink
  /// Where what is repeated is timed.
  let loop: any EventLoop
  private let pings: RepeatedTask

  /// - Parameters:
  ///   - channel: What this node listens on.
  ///   - commands: Told of the connections for commands.
  ///   - channelWatcher: Told of the connection that listens.
  init(
    _ url: RedisURL, _ group: any EventLoopGroup, name: String, channel: String, _ options: RedisOptions,
    _ logger: Logger, commands: RedisLink.Watcher, channel channelWatcher: RedisLink.Watcher
  ) throws(RedisError) {
    let loops = Array(group.makeIterator())
    guard let first = loops.first else { throw RedisError("there is no event loop") }
    let dialer = try RedisDialer(url, options)
    var greeting = Greeting(user: url.user, password: url.password, database: url.database, name: name)
    if case .cluster = url.topology { greeting.isForCluster = true }
    var channelGreeting = greeting
    channelGreeting.channel = channel
    greeting.scripts = RedisScript.all.map(\.text)
    let factory = LinkFactory(
      loops: loops, dialer: dialer, greeting: greeting, options: options, counters: counters, logger: logger,
      watcher: commands)
    var channelDialer = dialer
    if case .cluster(let seeds) = url.topology {
      let cluster = ClusterRoute(factory, seeds)
      channelDialer = dialer.to { cluster.owner(of: channel) }
      route = cluster
    } else {
      route = SingleRoute(LinkSet(factory, dialer))
    }
    let listening = RedisLink(
      on: first, channelDialer, channelGreeting, options, counters, logger: nil, channelWatcher)
    self.listening = listening
    loop = first
    // Nothing else is ever asked on this connection, so nothing else would find out that the server is gone.
    let interval = TimeAmount(min(options.heartbeatInterval, .seconds(5)))
    pings = first.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
      if listening.isOpen { listening.submit(CommandBatch.ping { _ in }) }
    }
  }

  /// Whether all connections are open.
  var isConnected: Bool { route.isOpen && listening.isOpen }

  /// Connects. Returns the fault of the first attempts, if there was one; attempts go on in any case.
  func start() async -> RedisError? {
    let fault = await route.start()
    listening.start()
    let channelFault = await RedisLink.faults(of: [listening])
    return fault ?? channelFault
  }

  /// Sends commands that stand for themselves, on the connection of the caller's event loop.
  func submit(_ batch: CommandBatch) { route.submit(batch, isOrdered: false) }

  /// Sends commands that have to arrive after those sent so before.
  func submitInOrder(_ batch: CommandBatch) { route.submit(batch, isOrdered: true) }

  /// Sends the commands that `make` adds, in order, and waits for the answer to the one that gets `then`.
  func ask(
    _ make: (inout CommandBatch, _ then: @escaping @Sendable (Result<RESPValue, StateError>) -> Void) -> Void
  ) async -> Result<RESPValue, StateError> {
    await withCheckedContinuation { next in
      var batch = CommandBatch()
      make(&batch) { next.resume(returning: $0) }
      submitInOrder(batch)
    }
  }

  /// Puts the places of keys into groups that one command may touch.
  func groups(of keys: [String], max: Int) -> [[Int]] {
    let whole =
      route.isSharded
      ? Array(Dictionary(grouping: keys.indices) { HashSlot.of(keys[$0].utf8) }.values)
      : [Array(keys.indices)]
    return whole.flatMap { places in
      stride(from: 0, to: places.count, by: max).map { Array(places[$0..<min(places.count, $0 + max)]) }
    }
  }

  /// The command that publishes: on a cluster, to the channel's own slot.
  var publishCommand: String { route.isSharded ? "SPUBLISH" : "PUBLISH" }

  /// Asks at once whether the server still sends what is published.
  func probe() { if listening.isOpen { listening.submit(CommandBatch.ping { _ in }) } }

  /// Waits for what is outstanding, then closes.
  func close() async {
    pings.cancel()
    await route.close()
    await listening.stop()
  }
}

extension CommandBatch {
  /// A question that is answered by whatever server is alive.
  static func ping(_ then: @escaping @Sendable (Result<RESPValue, StateError>) -> Void) -> CommandBatch {
    var batch = CommandBatch()
    batch.add(
      { writer in
        writer.begin(1)
        writer.word("PING")
      }, then: then)
    return batch
  }
}

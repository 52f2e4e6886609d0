public import Logging
public import NIOCore
import NIOPosix
public import Pipeline
public import Services
import Synchronization

/// The shared state of several nodes, in a Redis.
///
/// Callable from any thread; answers come on event loops of the group, or on the caller's thread where they are faults
/// that are known at once: the server is not there, or too much is outstanding. The parts: ``RedisLink`` is a
/// connection, `RedisNetwork` all of them, a `CommandRoute` the choice among them, `NodeRegistry` what is known of other nodes, `NodeUpkeep` the work that goes
/// on by itself: heartbeats, filling the state again after a loss, seeing to the estate of dead nodes.
public final class RedisState: SharedState, NodeBus {
  /// This node.
  public let node: NodeID
  /// Answers are a round trip away.
  public let answersAtOnce = false

  let options: RedisOptions
  let clock: EngineClock
  let keys: RedisKeys
  let network: RedisNetwork
  let registry: NodeRegistry
  let upkeep: NodeUpkeep
  let inbox: BusInbox

  /// Connects. Where the server is not there, a warning says so, and the state comes into force when it is.
  ///
  /// - Parameters:
  ///   - url: Where the Redis is.
  ///   - group: Whose event loops get a connection each; it must outlive the state.
  ///   - node: This node, in this life.
  ///   - clock: Tells the last sign of life of those who are online.
  ///   - logger: Told of losses and returns.
  ///   - options: Timeouts, bounds and the like.
  /// - Throws: A ``RedisError`` where trying again can't help: a wrong password, a server too old, no Redis.
  public init(
    url: RedisURL, group: any EventLoopGroup, node: NodeID, clock: EngineClock = .system, logger: Logger,
    options: RedisOptions = RedisOptions()
  ) async throws {
    self.node = node
    self.options = options
    self.clock = clock
    let keys = RedisKeys(options.namespace)
    let registry = NodeRegistry(node)
    let inbox = BusInbox(logger)
    let wakeups = Wakeups()
    network = try RedisNetwork(
      url, group, name: "\(options.namespace)-\(node)", channel: keys.channel(of: node), options, logger,
      commands: RedisLink.Watcher(
        opening: { isReturn in if isReturn { wakeups.note(.rebuild) } }, opened: { wakeups.raise(.beat) },
        closed: { wakeups.raise(.probe) }),
      channel: RedisLink.Watcher(
        opened: {
          inbox.opened()
          // Who has come meanwhile has told of it in vain.
          wakeups.raise(.beat)
        },
        delivered: { bytes in if inbox.take(bytes) { wakeups.raise(.beat) } }))
    upkeep = NodeUpkeep(network, registry, keys, inbox, wakeups, options, logger)
    self.keys = keys
    self.registry = registry
    self.inbox = inbox
    if let fault = await network.start(), fault.isLasting {
      await network.close()
      throw fault
    }
    await upkeep.start()
  }

  /// What keeps a Redis from being used, in a line; `nil` where nothing does.
  ///
  /// Of the nodes of a cluster, it is enough that one can be reached.
  public static func check(_ url: RedisURL, options: RedisOptions = RedisOptions()) async -> String? {
    guard case .cluster(let endpoints) = url.topology, endpoints.count > 1 else {
      return await fault(of: url, options)
    }
    var fault: String?
    for endpoint in endpoints {
      var url = url
      url.topology = .cluster([endpoint])
      fault = await Self.fault(of: url, options)
      if fault == nil { break }
    }
    return fault
  }

  private static func fault(of url: RedisURL, _ options: RedisOptions) async -> String? {
    do {
      var greeting = Greeting(user: url.user, password: url.password, database: url.database)
      if case .cluster = url.topology { greeting.isForCluster = true }
      let link = RedisLink(
        on: MultiThreadedEventLoopGroup.singleton.any(), try RedisDialer(url, options), greeting, options,
        RedisCounters(), logger: nil, RedisLink.Watcher())
      link.start()
      let attempt = await link.firstAttempt.outcome()
      await link.stop()
      try attempt.get()
      return nil
    } catch { return "\(error)" }
  }

  /// What it did so far, in numbers.
  public var figures: RedisFigures { network.counters.figures(isConnected: network.isConnected) }

  public func ready(then: @escaping @Sendable (String?) -> Void) {
    network.submit(
      .ping { result in
        switch result {
        case .success: then(nil)
        case .failure(let error): then(error.description)
        }
      })
  }

  /// A seam for tests: goes as a node does that is killed, without a word.
  @_spi(Testing) public func vanish() async {
    await upkeep.stop()
    await network.close()
  }

  /// Ends this node's lease, so that another node sees its users through their grace period, then closes.
  public func close() async {
    await upkeep.end()
    await network.close()
  }
}

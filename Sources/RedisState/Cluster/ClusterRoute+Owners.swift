import NIOCore
import Services
import Synchronization

/// Learning who owns what, and connecting to them.
extension ClusterRoute {
  /// The connections to a server, begun where there are none; `nil` once the route is closed.
  func server(_ endpoint: RedisURL.Endpoint) -> LinkSet? {
    let (set, isNew) = state.withLock { state -> (LinkSet?, Bool) in
      guard !state.isClosed else { return (nil, false) }
      if let set = state.servers[endpoint] { return (set, false) }
      let set = LinkSet(watching, factory.dialer.to(endpoint))
      state.servers[endpoint] = set
      return (set, true)
    }
    if isNew { set?.begin() }
    return set
  }

  /// As given, and asking for owners when a connection comes or goes.
  private var watching: LinkFactory {
    var watcher = factory.watcher
    watcher.closed = { [self] in
      factory.watcher.closed()
      factory.loops[0].scheduleTask(in: .milliseconds(200)) { Task { await self.askForOwners() } }
    }
    watcher.opened = { [self] in
      factory.watcher.opened()
      if state.withLock({ !$0.map.isWhole }) { Task { await self.askForOwners() } }
    }
    return LinkFactory(
      loops: factory.loops, dialer: factory.dialer, greeting: factory.greeting, options: factory.options,
      counters: factory.counters, logger: factory.logger, watcher: watcher)
  }

  /// Asks who owns what, or waits for who is at it.
  func askForOwners() async {
    let isFirst = state.withLock { state in
      defer { state.isAsking = true }
      if state.isAsking { state.mustAskAgain = true }
      return !state.isAsking
    }
    guard isFirst else {
      return await withCheckedContinuation { next in
        let isOver = state.withLock { state in
          if state.isAsking { state.waiting.append(next) }
          return !state.isAsking
        }
        if isOver { next.resume() }
      }
    }
    repeat {
      let open = state.withLock { state in
        state.mustAskAgain = false
        return state.servers.values.map(\.ordered).filter(\.isOpen).shuffled()
      }
      if open.isEmpty { for seed in seeds { _ = server(seed) } }
      for link in open {
        let reply = await link.ask { $0.cluster("SLOTS", then: $1) }
        guard case .success(let reply) = reply, let map = SlotMap(reply, from: link.host), map.isWhole else {
          continue
        }
        await take(map)
        break
      }
    } while state.withLock { state in
      state.isAsking = state.mustAskAgain && !state.isClosed
      return state.isAsking
    }
    let waiting = state.withLock { state in
      defer { state.waiting = [] }
      return state.waiting
    }
    for next in waiting { next.resume() }
  }

  /// Goes by a new map: connects to those who are new, and lets go of those who own nothing any more.
  private func take(_ map: SlotMap) async {
    let owners = map.servers
    for owner in owners { _ = server(owner) }
    let gone = state.withLock { state in
      state.map = map
      defer { state.servers = state.servers.filter { owners.contains($0.key) } }
      return state.servers.filter { !owners.contains($0.key) }.values
    }
    for set in gone { await set.stop() }
  }
}

extension CommandBatch {
  fileprivate mutating func cluster(
    _ word: String, then: @escaping @Sendable (Result<RESPValue, StateError>) -> Void
  ) {
    add(
      { writer in
        writer.begin(2)
        writer.word("CLUSTER")
        writer.word(word)
      }, then: then)
  }
}

extension RedisLink {
  /// Sends a command, and waits for the answer.
  fileprivate func ask(
    _ make: (inout CommandBatch, @escaping @Sendable (Result<RESPValue, StateError>) -> Void) -> Void
  ) async -> Result<RESPValue, StateError> {
    await withCheckedContinuation { next in
      var batch = CommandBatch()
      make(&batch) { next.resume(returning: $0) }
      submit(batch)
    }
  }
}

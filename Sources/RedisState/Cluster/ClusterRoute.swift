import NIOCore
import Services
import Synchronization

/// The way to the servers of a cluster, each command to the owner of its key's slot.
///
/// Which server owns what is asked of any that answers: at the start, after a loss, and when a server says that a slot
/// has moved.
final class ClusterRoute: CommandRoute {
  struct State {
    var map = SlotMap()
    var servers: [RedisURL.Endpoint: LinkSet] = [:]
    var isClosed = false
    /// Whether the owners are being asked for, and whether that has to be done again.
    var isAsking = false
    var mustAskAgain = false
    /// Who waits for the answer.
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  let factory: LinkFactory
  let seeds: [RedisURL.Endpoint]
  let state = Mutex(State())

  init(_ factory: LinkFactory, _ seeds: [RedisURL.Endpoint]) {
    self.factory = factory
    self.seeds = seeds
  }

  var isOpen: Bool {
    let (isWhole, sets) = state.withLock { ($0.map.isWhole, Array($0.servers.values)) }
    return isWhole && sets.allSatisfy(\.isOpen)
  }

  var isSharded: Bool { true }

  func start() async -> RedisError? {
    var fault: RedisError?
    for seed in seeds { fault = await server(seed)?.firstFault() ?? fault }
    await askForOwners()
    let (isWhole, sets) = state.withLock { ($0.map.isWhole, Array($0.servers.values)) }
    for set in sets { _ = await set.firstFault() }
    if isWhole { return nil }
    return fault ?? RedisError("not every slot of the cluster has an owner")
  }

  /// The server that owns a key or channel.
  func owner(of key: String) -> RedisURL.Endpoint? {
    let slot = HashSlot.of(key.utf8)
    return state.withLock { $0.map[slot] }
  }

  func submit(_ batch: CommandBatch, isOrdered: Bool) {
    var parts: [ObjectIdentifier: (link: RedisLink, batch: CommandBatch)] = [:]
    var bytes = batch.bytes
    for request in batch.requests {
      guard let written = bytes.readSlice(length: request.size) else { return }
      guard let link = link(for: request, written, isOrdered: isOrdered) else {
        factory.counters.failures.add(1, ordering: .relaxed)
        request.then(.failure(StateError("no server of the cluster owns this slot")))
        continue
      }
      parts[ObjectIdentifier(link), default: (link, CommandBatch())].batch
        .append(following(request, written, hops: 0), written: written)
    }
    for part in parts.values { part.link.submit(part.batch) }
  }

  func close() async {
    let sets = state.withLock { state in
      state.isClosed = true
      return Array(state.servers.values)
    }
    for set in sets { await set.close() }
  }

  private func link(for request: Request, _ written: ByteBuffer, isOrdered: Bool) -> RedisLink? {
    let set: LinkSet? =
      if let key = request.key {
        {
          let slot = HashSlot.of(written.readableBytesView.dropFirst(key.lowerBound).prefix(key.count))
          return state.withLock { state in state.map[slot].flatMap { state.servers[$0] } }
        }()
      } else {
        state.withLock { $0.servers.values.first(where: \.ordered.isOpen) }
      }
    return isOrdered ? set?.ordered : set?.current
  }

  /// The request, which follows where it is sent, a few times at most.
  private func following(_ request: Request, _ written: ByteBuffer, hops: Int) -> Request {
    var request = request
    let rescue = request.rescue
    request.rescue = { [self, request] error, link in
      if rescue?(error, link) == true { return true }
      guard hops < 5, let way = Redirection(error, from: link.host) else { return false }
      var batch = CommandBatch()
      if way.isOnce {
        batch.add(
          { writer in
            writer.begin(1)
            writer.word("ASKING")
          }, then: { _ in })
      } else {
        state.withLock { $0.map[way.slot] = way.server }
        Task { await self.askForOwners() }
      }
      var original = request
      original.rescue = rescue
      batch.append(following(original, written, hops: hops + 1), written: written)
      guard let link = server(way.server)?.ordered else { return false }
      // A server that is new here has no connection yet: the command waits for its first attempt.
      link.firstAttempt.whenComplete { [batch] _ in link.submit(batch) }
      return true
    }
    return request
  }
}

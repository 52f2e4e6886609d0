import Logging
import NIOCore
import Pipeline
import Services
import Synchronization

/// What goes on by itself: the heartbeat that renews this node's lease, filling the state again after a loss, and seeing
/// to the users of dead nodes. One task does it all, one thing after the other, so that nothing of it overlaps.
final class NodeUpkeep: Sendable {
  /// How many users are seen to in one flush.
  static let usersPerFlush = 256

  let network: RedisNetwork
  let registry: NodeRegistry
  let keys: RedisKeys
  let inbox: BusInbox
  let wakeups: Wakeups
  let options: RedisOptions
  let logger: Logger
  let node: NodeID
  private let handler = Mutex<(@Sendable ([String]) -> Void)?>(nil)
  private let running = Mutex<(task: Task<Void, Never>?, timer: RepeatedTask?)>((nil, nil))
  private let lastBeat = Mutex(NIODeadline.uptimeNanoseconds(0))

  init(
    _ network: RedisNetwork, _ registry: NodeRegistry, _ keys: RedisKeys, _ inbox: BusInbox,
    _ wakeups: Wakeups, _ options: RedisOptions, _ logger: Logger
  ) {
    self.network = network
    self.registry = registry
    self.keys = keys
    self.inbox = inbox
    self.wakeups = wakeups
    self.options = options
    self.logger = logger
    node = registry.node
  }

  /// Takes the lease, and begins to renew it.
  func start() async {
    await turn()
    let interval = TimeAmount(options.heartbeatInterval)
    let timer = network.loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) {
      [wakeups] _ in wakeups.raise(.beat)
    }
    let task = Task { for await _ in wakeups.stream { await turn() } }
    running.withLock { $0 = (task, timer) }
  }

  /// Has users whose last device was on a dead node told to `handler`, those that wait already at once.
  func watch(_ handler: @escaping @Sendable ([String]) -> Void) {
    self.handler.withLock { $0 = handler }
    wakeups.raise(.beat)
  }

  /// Who is told of abandoned users.
  var watcher: (@Sendable ([String]) -> Void)? { handler.withLock { $0 } }

  /// Gives the lease up, so that another node sees to the users of this one.
  func end() async {
    await stop()
    _ = await network.ask { batch, then in
      batch.call(
        .resign, keys: 1, arguments: 3,
        { writer in
          writer.key(keys.leases)
          writer.word(options.timeOffset().wholeMilliseconds)
          writer.word("\(node)")
        }, then: then)
    }
    await sendNotices()
  }

  /// Lets all of it end.
  func stop() async {
    let (task, timer) = running.withLock { $0 }
    timer?.cancel()
    wakeups.finish()
    await task?.value
  }

  /// One turn. What fails is tried again with the next heartbeat, or when the connection is back.
  private func turn() async {
    var reasons = wakeups.take()
    // Where a server no longer answers commands, ask at once whether it still sends what is published.
    if reasons.contains(.probe) { network.probe() }
    guard reasons != .probe else { return }
    do {
      // Where the lease has run out, others have left this node out, and numbered nothing for it. With the beat its
      // entries count again. (A tenth is left for clocks that do not run alike.)
      let isLate = NIODeadline.now() > lastBeat.withLock { $0 } + TimeAmount(options.lease * 9 / 10)
      if isLate { inbox.listener?.busIsInterrupted() }
      let held = try await beat()
      if !held {
        reasons.insert(.rebuild)
        wakeups.noteArrivals()
        await sendNotices()
      }
      if reasons.contains(.rebuild) {
        try await rebuild()
      } else if isLate {
        inbox.listener?.busWasInterrupted()
      }
      reasons.remove(.rebuild)
      for dead in registry.waiting where watcher != nil { try await settleEstate(of: dead) }
    } catch {
      if reasons.contains(.rebuild) { wakeups.note(.rebuild) }
      logger.debug("the upkeep of presence was interrupted", metadata: ["reason": "\(error)"])
    }
  }

  /// Renews the lease, and learns of the others. Returns whether it held until now.
  @discardableResult
  private func beat() async throws(StateError) -> Bool {
    let began = NIODeadline.now()
    let reply = try await network.ask { batch, then in
      batch.call(
        .beat, keys: 1, arguments: 4,
        { writer in
          writer.key(keys.leases)
          writer.word(options.timeOffset().wholeMilliseconds)
          writer.word("\(node)")
          writer.word(options.lease.wholeMilliseconds)
        }, then: then)
    }.get()
    guard let leases = LeaseReport(reply) else { throw StateError("Redis answered a heartbeat oddly") }
    registry.update(live: leases.live, waiting: leases.waiting)
    lastBeat.withLock { $0 = began }
    return leases.isHeld
  }

  /// Renews the lease in the midst of long work, where it is due.
  func beatIfDue() async throws(StateError) {
    let due = lastBeat.withLock { $0 } + TimeAmount(options.heartbeatInterval)
    if NIODeadline.now() > due { try await beat() }
  }

  /// Tells the others that this node has come or gone.
  private func sendNotices() async {
    let others = registry.others
    guard !others.isEmpty else { return }
    _ = await network.ask { batch, then in
      for other in others {
        batch.publish(BusFrame(.notice, from: node), by: network.publishCommand, on: keys.channel(of: other))
      }
      batch.append(.ping(then))
    }
  }
}

import Logging
import Pipeline
import Services
import Synchronization

/// The router of a node among others: hands events to the devices of this node, and to the nodes that hold devices of
/// their receivers, one frame a batch for each.
///
/// Frames are numbered, so that a node to which one did not come knows it and reads the feed.
final class ClusterRouter: Router, Sessions, NodeBusListener {
  let hub: Hub
  let bus: (any NodeBus)?
  let clock: EngineClock
  let scheduler: any Scheduler
  let signs = SignsOfLife()
  private let follower: FeedFollower?
  private let names: NameBook
  private let revocations: RevocationList
  private let logger: Logger
  private let numbers = Mutex(FrameNumbers())
  /// What is to be sent when it is known who holds its receivers' devices; `nil` where that can't be found out. The servers
  /// of a cluster answer in any order, and frames must not.
  private let outgoing = Mutex(OrderedAnswers<Outgoing?>())
  private let refreshRevocations: @Sendable () -> Void

  /// - Parameters:
  ///   - bus: The way to other nodes; `nil` where there are none.
  ///   - follower: Follows the feed of a store that nodes share; `nil` where it is this node's alone.
  ///   - refreshRevocations: Reads from the store what was revoked, since a frame that told of it may be lost.
  init(
    hub: Hub, bus: (any NodeBus)?, follower: FeedFollower?, names: NameBook, revocations: RevocationList,
    clock: EngineClock, scheduler: any Scheduler, logger: Logger,
    refreshRevocations: @escaping @Sendable () -> Void
  ) {
    self.hub = hub
    self.bus = bus
    self.clock = clock
    self.scheduler = scheduler
    self.follower = follower
    self.names = names
    self.revocations = revocations
    self.logger = logger
    self.refreshRevocations = refreshRevocations
  }

  func deliver(_ deliveries: [Delivery]) {
    let ready = follower?.takeOwn(deliveries) ?? deliveries
    if !ready.isEmpty { hub.deliver(ready) }
    guard let bus else { return }
    let others = bus.others
    numbers.withLock { $0.meet(others) }
    guard !others.isEmpty else { return }
    // What is for one connection is for one of this node.
    let crossing = deliveries.filter { $0.only == nil }
    guard !crossing.isEmpty else { return }
    let users = Array(Set(crossing.map { ExactText($0.userID) }))
    let question = outgoing.withLock { $0.ask() }
    bus.nodes(holding: users.map(\.text)) { [self] result in
      let found = try? result.get()
      let holders = found.map { Dictionary(uniqueKeysWithValues: zip(users, $0)) }
      // Sent within the lock, so that nobody else's answer gets in between.
      outgoing.withLock { outgoing in
        for ready in outgoing.take(holders.map { Outgoing(deliveries: crossing, holders: $0) }, to: question)
        {
          send(ready)
        }
      }
    }
  }

  private struct Outgoing {
    let deliveries: [Delivery]
    let holders: [ExactText: [NodeID]]
  }

  private func send(_ outgoing: Outgoing?) {
    guard let outgoing else { return numbers.withLock { $0.skip(for: others) } }
    var parts: [NodeID: [Delivery]] = [:]
    for delivery in outgoing.deliveries {
      for node in outgoing.holders[ExactText(delivery.userID)] ?? [] where node != bus?.node {
        parts[node, default: []].append(delivery)
      }
    }
    for (node, part) in parts { send(.deliveries(part), to: node) }
  }

  /// Sends a frame to a node.
  ///
  /// - Parameter then: Gets whether it was handed over.
  func send(
    _ content: NodeFrame.Content, to node: NodeID, then: @escaping @Sendable (Bool) -> Void = { _ in }
  ) {
    // Numbering and handing over go together, so that frames leave in the order of their numbers.
    numbers.withLock { numbers in
      let frame = NodeFrame(numbers.next(to: node), content)
      bus?.send([(node, frame.bytes)], then: then)
    }
  }

  /// Notes that it is not known whether changes of this node were made: if they were, they come before all that is handed
  /// over from now on.
  func ownMayBeMissing() {
    follower?.ownMayBeMissing()
    numbers.withLock { $0.skip(for: others) }
  }

  private var others: Set<NodeID> { bus?.others ?? [] }

  func connected(among users: [String]) -> [String] {
    // Who is connected elsewhere is found when there is something for them.
    others.isEmpty ? hub.connected(among: users) : users
  }

  func disconnect(_ user: String) {
    hub.disconnect(user)
    for node in others { send(.disconnect(user: user), to: node) }
  }

  func disconnect(_ user: String, tokensBefore moment: Timestamp) {
    hub.disconnect(user, tokensBefore: moment)
    for node in others { send(.revoke(user: user, notBefore: moment), to: node) }
  }

  func replace(_ device: PlacedDevice, of user: String) {
    if device.node == bus?.node { return hub.replace(device, of: user) }
    send(.replace(user: user, device.connection), to: device.node)
  }

  /// Tells the other nodes by what name a user goes now.
  func renamed(_ user: String, _ name: String) {
    for node in others { send(.rename(user: user, name: name), to: node) }
  }

  func received(_ bytes: [UInt8], from node: NodeID) {
    guard let frame = NodeFrame(bytes) else {
      logger.debug("a frame of a version that is not known", metadata: ["node": "\(node)"])
      follower?.somethingIsMissing()
      return
    }
    if !numbers.withLock({ $0.isNext(frame.number, from: node) }) { follower?.somethingIsMissing() }
    switch frame.content {
    case .deliveries(let deliveries):
      if let follower { follower.take(deliveries) } else { hub.deliver(deliveries) }
    case .disconnect(let user): hub.disconnect(user)
    case .revoke(let user, let moment):
      revocations.add(Revocation(userID: user, notBefore: moment))
      hub.disconnect(user, tokensBefore: moment)
    case .rename(let user, let name): names.note(name, of: user)
    case .replace(let user, let connection): hub.replace(PlacedDevice(connection, on: node), of: user)
    case .probe(let users, let age, let patience):
      answer(node, about: Set(users), age: age, patience: patience)
    case .alive(let users):
      let now = clock.monotonic()
      signs.note(users.map { ($0.user, now - min(now, $0.age * 1_000_000)) }, at: now)
    }
  }

  func framesMayBeLost() {
    follower?.somethingIsMissing()
    refreshRevocations()
  }

  func busIsInterrupted() { follower?.somethingWillBeMissing() }

  func busWasInterrupted() {
    follower?.nothingIsMissingAnyMore()
    refreshRevocations()
  }

  func connectedDevices() -> [(user: String, device: ConnectionID)] { hub.devices() }

  func holds(_ user: String) -> Bool { !hub.connected(among: [user]).isEmpty }
}

import NIOCore
import Pipeline
import Services
import Synchronization

/// The router of one node: knows which devices each user has, and on which loop.
///
/// Callable from any thread. The directory is split into shards, each behind its own lock, held for one look-up at
/// a time. What is for devices of another loop goes there in one piece a call.
final class Hub: Router, Sessions, Liveness {
  private static let shardCount = 64

  private struct Shard {
    var devices: [ExactText: DeviceList] = [:]
  }

  private final class LockedShard: Sendable {
    private let shard = Mutex(Shard())

    func withLock<Result>(_ body: (inout Shard) -> sending Result) -> sending Result {
      shard.withLock { body(&$0) }
    }
  }

  private let shards = (0..<Hub.shardCount).map { _ in LockedShard() }
  private let horizon: FeedHorizon
  let latecomers = Latecomers()

  /// - Parameter horizon: That of the store whose changes are delivered.
  init(horizon: FeedHorizon) { self.horizon = horizon }

  /// Notes a device of a user's; once is enough, again changes nothing.
  ///
  /// - Returns: The devices that are too many: the user's oldest, where there are more than `limit`.
  func register(_ outbox: Outbox, user: String, limit: Int) -> [Outbox] {
    let joining = horizon.joining
    outbox.joinedAt = joining.stand
    if !joining.isKnown { latecomers.add(outbox) }
    return shard(of: user).withLock { shard in
      let known = shard.devices[ExactText(user)] ?? DeviceList()
      guard !known.contains(where: { $0 === outbox }) else { return [] }
      let devices = known + [outbox]
      // More than one where the limit has been lowered.
      let tooMany = devices.prefix(max(0, devices.count - limit))
      shard.devices[ExactText(user)] = DeviceList(devices.dropFirst(tooMany.count))
      return Array(tooMany)
    }
  }

  /// Forgets a device.
  func unregister(_ outbox: Outbox, user: String) {
    latecomers.remove(outbox)
    shard(of: user).withLock { shard in
      guard let devices = shard.devices.removeValue(forKey: ExactText(user)) else { return }
      let others = DeviceList(devices.filter { $0 !== outbox })
      if !others.isEmpty { shard.devices[ExactText(user)] = others }
    }
  }

  func deliver(_ deliveries: [Delivery]) { deliver(deliveries, alsoToLatecomers: true) }

  /// Hands over what was read from the feed, or was held back: what is in the feed only to devices that were connected when
  /// it was made.
  func catchUp(_ deliveries: [Delivery]) { deliver(deliveries, alsoToLatecomers: false) }

  private func deliver(_ deliveries: [Delivery], alsoToLatecomers: Bool) {
    var elsewhere: [ObjectIdentifier: (loop: LoopGateway, frames: [OutboundFrame])] = [:]
    for delivery in deliveries {
      var bytes: [UInt8]?
      for outbox in devices(of: delivery.userID) where delivery.reaches(outbox.connection.id) {
        guard alsoToLatecomers || !(delivery.position.map { outbox.joinedAt.holds($0) } ?? false) else {
          continue
        }
        let frame = bytes ?? delivery.event.bytes
        bytes = frame
        if let queue = outbox.joinQueue, queue.keeps(frame, at: delivery.position, for: outbox) { continue }
        if outbox.loop.eventLoop.inEventLoop {
          outbox.loop.send(frame, on: outbox)
        } else {
          elsewhere[ObjectIdentifier(outbox.loop), default: (outbox.loop, [])].frames.append((outbox, frame))
        }
      }
    }
    for (loop, frames) in elsewhere.values { loop.send(frames) }
  }

  func connected(among users: [String]) -> [String] {
    users.filter { user in shard(of: user).withLock { $0.devices[ExactText(user)] != nil } }
  }

  func heard(among users: Set<String>, since moment: UInt64) -> Set<String> {
    users.filter { user in lastHeard(user) > moment }
  }

  /// When a device of a user on this node was heard last, by the engine's monotonic clock; 0 where there is none.
  func lastHeard(_ user: String) -> UInt64 {
    devices(of: user).map { $0.lastHeard.load(ordering: .relaxed) }.max() ?? 0
  }

  func connected(among users: Set<String>, then: @escaping @Sendable (Set<String>) -> Void) {
    then(Set(connected(among: Array(users))))
  }

  func probe(
    _ users: Set<String>, since moment: UInt64, within patience: Duration,
    unreachable: @escaping @Sendable (Set<String>) -> Void
  ) { probe(users) }

  /// Asks the devices of users on this node for a sign of life.
  func probe(_ users: Set<String>) {
    for user in users {
      for outbox in devices(of: user) {
        outbox.loop.eventLoop.execute { outbox.send(control: { FrameWriter.appendPing(to: &$0) }) }
      }
    }
  }

  /// All devices of this node.
  func devices() -> [(user: String, device: ConnectionID)] {
    shards.flatMap { shard in
      shard.withLock { shard in
        shard.devices.flatMap { user, outboxes in outboxes.map { (user: user.text, device: $0.connection.id) }
        }
      }
    }
  }

  func disconnect(_ user: String) { close(devices(of: user), .forbidden) }

  func disconnect(_ user: String, tokensBefore moment: Timestamp) {
    let revoked = RevocationList([Revocation(userID: user, notBefore: moment)])
    close(
      devices(of: user).filter { revoked.revokes(user, issuedAt: $0.connection.identity?.issuedAt) },
      .unauthenticated)
  }

  func replace(_ device: PlacedDevice, of user: String) {
    close(devices(of: user).filter { $0.connection.id == device.connection }, .replaced)
  }

  private func devices(of user: String) -> DeviceList {
    shard(of: user).withLock { $0.devices[ExactText(user)] } ?? DeviceList()
  }

  private func close(_ outboxes: some Sequence<Outbox>, _ code: CloseCode) {
    for outbox in outboxes { outbox.loop.eventLoop.execute { outbox.close(code) } }
  }

  private func shard(of user: String) -> LockedShard {
    var user = user
    // The ends of names differ. Behind the lock the table has a hash that nobody can guess; here a bad one costs waiting.
    let sum = user.withUTF8 { $0.suffix(8).reduce(UInt(0)) { $0 &* 31 &+ UInt($1) } }
    return shards[Int((sum ^ sum >> 6) % UInt(Self.shardCount))]
  }
}

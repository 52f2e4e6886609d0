import Logging
import Pipeline
import Services
import Synchronization

/// Tells the connected peers of users, who exchanged messages with them, of changes of presence.
///
/// The first change is told of at once. What changes while that goes on waits, and is then told of together, of each user
/// only how they are by then: a thousand users who come back at once cost one piece for each node, not a thousand.
final class PresenceAnnouncer: Sendable {
  /// What a user has become.
  enum Status: String, Sendable {
    case online
    case offline
  }

  private struct Change {
    let user: String
    let status: Status
    let lastSeen: Timestamp
  }

  private struct State {
    /// What is to be told next, a change a user, in the order in which the users came into it.
    var waiting: [Change] = []
    var places: [String: Int] = [:]
    var isTelling = false
  }

  /// How many users are told of together: the store is asked one question for all of them.
  private static let limit = 512
  /// How many are handed over in one piece: it has to fit into a frame to another node.
  private static let partSize = 4096

  private let store: any Store
  private let router: any Router
  private let peersLimit: Int
  private let logger: Logger
  private let state = Mutex(State())

  /// - Parameter limit: How many of a user's peers are told, the most recent ones.
  init(store: any Store, router: any Router, limit: Int, logger: Logger) {
    self.store = store
    self.router = router
    peersLimit = limit
    self.logger = logger
  }

  /// Sends `USER_PRESENCE_UPDATE` to the most recent peers, as many as the limit allows, who are connected.
  func announce(_ status: Status, _ user: String, lastSeen: Timestamp) {
    let change = Change(user: user, status: status, lastSeen: lastSeen)
    let isFirst = state.withLock { state in
      if let place = state.places[user] {
        state.waiting[place] = change
      } else {
        state.places[user] = state.waiting.count
        state.waiting.append(change)
      }
      defer { state.isTelling = true }
      return !state.isTelling
    }
    if isFirst { tell() }
  }

  private func tell() {
    let changes = state.withLock { state -> [Change] in
      let changes = Array(state.waiting.prefix(Self.limit))
      state.waiting.removeFirst(changes.count)
      state.places = Dictionary(uniqueKeysWithValues: state.waiting.enumerated().map { ($1.user, $0) })
      if changes.isEmpty { state.isTelling = false }
      return changes
    }
    guard !changes.isEmpty else { return }
    store.peers(of: changes.map(\.user), limit: peersLimit) { [self] answer in
      switch answer {
      case .success(let peers): deliver(zip(changes, peers))
      case .failure(let error):
        logger.warning(
          "changes of presence could not be announced",
          metadata: ["users": "\(changes.count)", "reason": "\(error)"])
      }
      tell()
    }
  }

  private func deliver(_ found: some Sequence<(Change, [String])>) {
    var deliveries: [Delivery] = []
    for (change, peers) in found {
      let connected = router.connected(among: peers.filter { $0 != change.user })
      guard !connected.isEmpty else { continue }
      let update = Self.update(change)
      deliveries += connected.map { Delivery(to: $0, update) }
    }
    for start in stride(from: 0, to: deliveries.count, by: Self.partSize) {
      router.deliver(Array(deliveries[start..<min(deliveries.count, start + Self.partSize)]))
    }
  }

  private static func update(_ change: Change) -> OutgoingEvent {
    OutgoingEvent(.userPresenceUpdate) { data in
      data.member("userId", change.user)
      data.member("status", change.status.rawValue)
      data.member("lastSeen", change.lastSeen)
    }
  }
}

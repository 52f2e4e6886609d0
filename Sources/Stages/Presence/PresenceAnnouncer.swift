import Logging
import Pipeline
import Services

/// Tells the connected peers of a user, who exchanged messages with them, of a change of presence.
struct PresenceAnnouncer: Sendable {
  /// What a user has become.
  enum Status: String, Sendable {
    case online
    case offline
  }

  private let store: any Store
  private let router: any Router
  private let limit: Int
  private let logger: Logger

  init(store: any Store, router: any Router, limit: Int, logger: Logger) {
    self.store = store
    self.router = router
    self.limit = limit
    self.logger = logger
  }

  /// Sends `USER_PRESENCE_UPDATE` to the most recent peers, as many as the limit allows, who are connected.
  func announce(_ status: Status, _ user: String, lastSeen: Timestamp) {
    store.peers(of: user, limit: limit) { [router, logger] result in
      switch result {
      case .success(let peers):
        let connected = router.connected(among: peers.filter { $0 != user })
        guard !connected.isEmpty else { return }
        let update = Self.update(status, user, lastSeen)
        router.deliver(connected.map { Delivery(to: $0, update) })
      case .failure(let error):
        logger.warning("a change of presence could not be announced", metadata: ["reason": "\(error)"])
      }
    }
  }

  private static func update(_ status: Status, _ user: String, _ lastSeen: Timestamp) -> OutgoingEvent {
    OutgoingEvent(.userPresenceUpdate) { data in
      data.member("userId", user)
      data.member("status", status.rawValue)
      data.member("lastSeen", lastSeen)
    }
  }
}

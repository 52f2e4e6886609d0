import Pipeline
import Services

/// Who is connected, and when the others were last.
struct PresenceTable {
  private struct Presence {
    var devices: Set<ConnectionID> = []
    /// When the last device went, by both clocks; set while the user has none.
    var gone: (monotonic: UInt64, wall: Timestamp)?
  }

  /// Those who are online, the ones within their grace period included.
  private var online: [String: Presence] = [:]
  /// When those who are offline were last seen.
  private var lastSeen: [String: Timestamp] = [:]
  private var order: [String] = []
  private let limit: Int

  /// - Parameter limit: Of how many users who are offline the last sign of life is kept.
  init(limit: Int) { self.limit = limit }

  mutating func arrive(_ user: String, _ device: ConnectionID) -> Bool {
    let wasOnline = online[user] != nil
    online[user, default: Presence()].devices.insert(device)
    online[user]?.gone = nil
    return !wasOnline
  }

  mutating func depart(_ user: String, _ device: ConnectionID, monotonic: UInt64, wall: Timestamp) -> Bool {
    guard online[user]?.devices.remove(device) != nil, online[user]?.devices.isEmpty == true else {
      return false
    }
    online[user]?.gone = (monotonic, wall)
    return true
  }

  mutating func lapse(_ user: String, after grace: UInt64, monotonic: UInt64) -> Timestamp? {
    guard let gone = online[user]?.gone, monotonic >= gone.monotonic + grace else { return nil }
    online[user] = nil
    if lastSeen.updateValue(gone.wall, forKey: user) == nil { order.append(user) }
    if order.count > limit { forgetOldest() }
    return gone.wall
  }

  func record(of user: String, wall: Timestamp) -> PresenceRecord {
    if let presence = online[user] {
      return PresenceRecord(userID: user, isOnline: true, lastSeen: presence.gone?.wall ?? wall)
    }
    return PresenceRecord(userID: user, isOnline: false, lastSeen: lastSeen[user])
  }

  /// Drops a tenth at a time, so that the cost is spread.
  private mutating func forgetOldest() {
    let many = max(1, limit / 10)
    for user in order.prefix(many) { lastSeen[user] = nil }
    order.removeFirst(many)
  }
}

import Pipeline
import Services

/// Who is connected, and when the others were last.
struct PresenceTable {
  /// What a user is online by: mostly one device, which is why that one is no set.
  private enum Presence {
    case device(ConnectionID)
    case devices(Set<ConnectionID>)
    /// The last device has gone, and the grace period is not over.
    case leaving
  }

  /// When the last device of a user went, by both clocks.
  private typealias Leaving = (monotonic: UInt64, wall: Timestamp)

  /// Those who are online, the ones within their grace period included.
  private var online: [String: Presence] = [:]
  /// Of those who are online without a device; apart, since most have one.
  private var leaving: [String: Leaving] = [:]
  /// When those who are offline were last seen.
  private var lastSeen: [String: Timestamp] = [:]
  private var order: [String] = []
  private let limit: Int

  /// - Parameter limit: Of how many users who are offline the last sign of life is kept.
  init(limit: Int) { self.limit = limit }

  mutating func arrive(_ user: String, _ device: ConnectionID) -> Bool {
    switch online.updateValue(.device(device), forKey: user) {
    case nil: return true
    case .leaving: leaving[user] = nil
    case .device(let other) where other == device: break
    case .device(let other): online[user] = .devices([other, device])
    case .devices(var devices):
      devices.insert(device)
      online[user] = .devices(devices)
    }
    return false
  }

  mutating func depart(_ user: String, _ device: ConnectionID, monotonic: UInt64, wall: Timestamp) -> Bool {
    switch online[user] {
    case .device(device):
      online[user] = .leaving
      leaving[user] = (monotonic, wall)
      return true
    case .devices(var devices):
      devices.remove(device)
      online[user] = devices.count == 1 ? devices.first.map { .device($0) } : .devices(devices)
      return false
    case nil, .leaving, .device: return false
    }
  }

  mutating func lapse(_ user: String, after grace: UInt64, monotonic: UInt64) -> Timestamp? {
    guard let gone = leaving[user], monotonic >= gone.monotonic + grace else { return nil }
    leaving[user] = nil
    online[user] = nil
    if lastSeen.updateValue(gone.wall, forKey: user) == nil { order.append(user) }
    if order.count > limit { forgetOldest() }
    return gone.wall
  }

  func record(of user: String, wall: Timestamp) -> PresenceRecord {
    guard online[user] != nil else {
      return PresenceRecord(userID: user, isOnline: false, lastSeen: lastSeen[user])
    }
    return PresenceRecord(userID: user, isOnline: true, lastSeen: leaving[user]?.wall ?? wall)
  }

  /// Drops a tenth at a time, so that the cost is spread.
  private mutating func forgetOldest() {
    let many = max(1, limit / 10)
    for user in order.prefix(many) { lastSeen[user] = nil }
    order.removeFirst(many)
  }
}

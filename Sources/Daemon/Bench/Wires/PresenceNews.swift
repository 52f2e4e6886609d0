import Pipeline

/// What a `USER_PRESENCE_UPDATE` says.
struct PresenceNews: Equatable {
  let user: String
  let isOnline: Bool
  /// When the user came, or went.
  let lastSeen: Timestamp

  init(user: String, isOnline: Bool, lastSeen: Timestamp) {
    self.user = user
    self.isOnline = isOnline
    self.lastSeen = lastSeen
  }

  /// `nil` where it is none.
  init?(_ data: EventData) {
    guard let user = data.string("userId"), let status = data.string("status"),
      ["online", "offline"].contains(status),
      let lastSeen = data.string("lastSeen").flatMap(Timestamp.init(rfc3339:))
    else { return nil }
    self.init(user: user, isOnline: status == "online", lastSeen: lastSeen)
  }
}

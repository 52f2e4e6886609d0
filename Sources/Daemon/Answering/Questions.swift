import Pipeline
import Services

/// What the questions of clients are answered from.
struct Questions: Sendable {
  let store: any Store
  /// `nil` where nobody keeps who is there.
  let state: (any SharedState)?
  let audience: Audience
  let clock: EngineClock
  /// How long the answer to a sync may be where it has more than one message: what a client's buffer can't take would cut
  /// it off as slow, each time that it comes back and asks again.
  let syncBytes: Int

  /// `SYNC` and `GET /messages/sync`.
  func sync(_ data: EventData, _ user: String) async throws -> OutgoingEvent {
    var request = try SyncQuestion(data).request(for: user, in: store)
    while true {
      let page = try await store.answer { [request] in $0.sync(request, then: $1) }
      let answer = OutgoingEvent(.syncResult) { answer in
        answer.array("messages", of: page.messages) { item, message in message.write(to: &item) }
        answer.member("cursor", Cursor(epoch: store.epoch, place: page.place).text(for: user))
        answer.member("hasMore", page.hasMore)
        answer.member("serverTime", clock.wall())
      }
      let count = page.messages.count
      guard answer.bytes.count > syncBytes, count > 1 else { return answer }
      // Only the store knows the place behind a part of its page.
      request.limit = max(1, min(count - 1, count * syncBytes / answer.bytes.count))
    }
  }

  /// `GET /conversations`; its cursor is the id of the last message that was shown.
  func conversations(_ data: EventData, _ user: String) async throws -> OutgoingEvent {
    let (before, limit) = (try data.messageID("cursor"), try data.limit())
    let page = try await store.answer { $0.conversations(of: user, before: before, limit: limit, then: $1) }
    // A list without it is better than none.
    let online =
      try await presence(of: page.entries.map(\.peerID), for: user)
      ?? page.entries.map { .unknown($0.peerID) }
    return OutgoingEvent(.result) { answer in
      answer.array("conversations", of: zip(page.entries, online)) { item, entry in
        item.member("userId", entry.0.peerID)
        if let name = entry.0.peerName { item.member("name", name) }
        item.beginObject("lastMessage")
        entry.0.lastMessage.write(to: &item)
        item.endObject()
        item.member("unreadCount", entry.0.unread)
        item.member("presence", entry.1.isOnline ? "online" : "offline")
      }
      if page.hasMore, let last = page.entries.last {
        answer.member("cursor", last.lastMessage.id)
      }
    }
  }

  /// `GET /conversations/{userId}/messages`.
  func history(_ data: EventData, _ user: String) async throws -> OutgoingEvent {
    let (peer, before, limit) = (
      try data.user("userId"), try data.messageID("before"), try data.limit()
    )
    let page = try await store.answer {
      $0.history(of: user, with: peer, before: before, limit: limit, then: $1)
    }
    return OutgoingEvent(.result) { answer in
      answer.array("messages", of: page.entries) { item, message in message.write(to: &item) }
      answer.member("hasMore", page.hasMore)
    }
  }

  /// `GET /messages/search`.
  func search(_ data: EventData, _ user: String) async throws -> OutgoingEvent {
    guard let text = try data.optionalText("q", most: 1024) else {
      throw Rejection(.invalidEvent, "q is missing")
    }
    let request = SearchRequest(
      userID: user, text: text, peerID: data.string("with"), limit: try data.limit(most: 100, usual: 20))
    guard let messages = try await store.answer({ $0.search(request, then: $1) }) else {
      throw Rejection(.notFound, "search is not switched on here")
    }
    return OutgoingEvent(.result) { answer in
      answer.array("messages", of: messages) { item, message in message.write(to: &item) }
    }
  }

  /// `GET /presence`.
  func presence(_ data: EventData, _ user: String) async throws -> OutgoingEvent {
    guard state != nil else { throw Rejection(.notFound, "presence is not kept here") }
    let ids = (data.string("ids") ?? "").split(separator: ",").map(String.init)
    guard (1...100).contains(ids.count), ids.allSatisfy({ $0.utf8.count <= 1024 }) else {
      throw Rejection(.invalidEvent, "ids must name 1 to 100 users, separated by commas")
    }
    guard let records = try await presence(of: ids, for: user) else {
      throw Rejection(.unavailable, "who is there can't be told now; ask again")
    }
    return OutgoingEvent(.result) { answer in
      answer.array("users", of: records) { item, record in
        item.member("userId", record.userID)
        item.member("status", record.isOnline ? "online" : "offline")
        if let lastSeen = record.lastSeen { item.member("lastSeen", lastSeen) } else { item.null("lastSeen") }
      }
    }
  }

  /// Who is there, as far as `user` may know; `nil` where the shared state does not say.
  private func presence(of users: [String], for user: String) async throws -> [PresenceRecord]? {
    guard let state, !users.isEmpty else { return users.map { .unknown($0) } }
    let permits = try await store.answer {
      $0.permits(
        users.map { PermitRequest(from: user, to: $0) }, audience: audience, then: $1)
    }
    let records = await withCheckedContinuation { continuation in
      state.presence(of: users) { continuation.resume(returning: $0) }
    }
    guard case .success(let records) = records else { return nil }
    return zip(records, permits).map { $1 ? $0 : .unknown($0.userID) }
  }

  /// `GET /connections`.
  func links(_ user: String) async throws -> OutgoingEvent {
    let links = try await store.answer { $0.links(of: user, then: $1) }
    return OutgoingEvent(.result) { answer in
      answer.array("connections", of: links) { item, link in link.write(to: &item) }
    }
  }

  /// `GET /users/me`.
  func profile(_ identity: Identity) async throws -> OutgoingEvent {
    let name = try await store.answer { $0.name(of: identity.userID, then: $1) } ?? identity.name
    return .profile(identity.userID, name: name)
  }
}

extension EventType {
  /// Answers a call over HTTP; its data is the response.
  static let result: EventType = "RESULT"
}

extension Link {
  /// Writes how the user stands to the other.
  func write(to item: inout JSONObjectWriter) {
    item.member("userId", peerID)
    item.member("status", status.rawValue)
    item.member("direction", direction.rawValue)
  }
}

extension OutgoingEvent {
  /// A user as they see themselves.
  static func profile(_ user: String, name: String?) -> OutgoingEvent {
    OutgoingEvent(.result) { answer in
      answer.member("userId", user)
      if let name { answer.member("name", name) } else { answer.null("name") }
    }
  }
}

extension PresenceRecord {
  /// What is said of whom the asker may not see.
  fileprivate static func unknown(_ user: String) -> PresenceRecord {
    PresenceRecord(userID: user, isOnline: false, lastSeen: nil)
  }
}

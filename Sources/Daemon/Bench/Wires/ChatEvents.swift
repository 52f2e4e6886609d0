import Pipeline

/// The events of Sluice's own protocol as far as a load sends and reads them, whatever they travel in.
enum ChatEvents {
  /// The `data` of a message.
  static func message(_ number: Int, to receiver: String, _ content: String) -> [UInt8] {
    var data = JSONObjectWriter(reserving: content.utf8.count + 96)
    data.member("tempId", String(number))
    data.member("receiverId", receiver)
    data.member("content", content)
    return data.finish()
  }

  /// The `data` of a receipt.
  static func receipt(_ id: String) -> [UInt8] {
    var data = JSONObjectWriter()
    data.member("messageId", id)
    return data.finish()
  }

  /// The `data` of a question for what has changed.
  static func sync(from cursor: String, limit: Int) -> [UInt8] {
    var data = JSONObjectWriter()
    data.member("cursor", cursor)
    data.member("limit", limit)
    return data.finish()
  }

  /// What an event says to a user's client; `nil` where it is nothing that a load looks at.
  static func read(_ envelope: EventEnvelope, of user: String) -> BenchIncoming? {
    let data = envelope.data
    switch envelope.type {
    case .messageSent: return number(data).map { .acknowledged($0) }
    case .newMessage: return content(data).map { .delivered(content: $0, id: data.string("messageId")) }
    case .error:
      return .refused(
        number: number(data), code: data.string("code") ?? "ERROR",
        retryAfterMs: data.integer("retryAfterMs"))
    case .messageDeliveredUpdate: return names(user, "receiverId", data) ? .receipt : nil
    case .messageReadUpdate: return names(user, "readerId", data) ? .receipt : nil
    case .userPresenceUpdate: return PresenceNews(data).map { .presence($0) }
    case .syncResult: return SyncPage(data).map { .synced($0) }
    default: return nil
    }
  }

  /// Whether a member is a user's name.
  private static func names(_ user: String, _ member: String, _ data: EventData) -> Bool {
    var isUser = false
    data.withUTF8(of: member) { isUser = $0.elementsEqual(user.utf8) }
    return isUser
  }

  private static func number(_ data: EventData) -> Int? { data.string("tempId").flatMap { Int($0) } }

  /// As it stands, where it has no escapes: a load's own contents have none.
  private static func content(_ data: EventData) -> ArraySlice<UInt8>? {
    guard data.kind("content") == .string, let raw = data.raw("content") else { return nil }
    guard raw.contains(UInt8(ascii: "\\")) else { return raw.dropFirst().dropLast() }
    return data.string("content").map { Array($0.utf8)[...] }
  }
}

import Pipeline
import Services

/// The changes of one transaction, made one by one. What it says of one change concerns no other; what it throws ends
/// the transaction.
struct ChangeSet {
  let connection: SQLiteConnection
  let now: Timestamp
  let keepsSearchIndex: Bool
  private(set) var position: Position
  var conversations: ConversationCache
  var members = MemberChanges()

  init(
    connection: SQLiteConnection, position: Position, conversations: ConversationCache, now: Timestamp,
    keepsSearchIndex: Bool
  ) {
    self.keepsSearchIndex = keepsSearchIndex
    self.connection = connection
    self.position = position
    self.conversations = conversations
    self.now = now
  }

  mutating func make(_ write: StoreWrite) throws(StoreError) -> WriteResult {
    switch write {
    case .message(let message, let audience): try store(message, audience)
    case .receipt(let receipt): try take(receipt)
    case .revision(let revision): try make(revision)
    case .user(let id, let name): try see(id, name)
    case .rename(let id, let name): try rename(id, name)
    case .link(let request): try link(request)
    case .addDevice(let device): try add(device)
    case .removeDevices(let user, let token): try removeDevices(of: user, token)
    case .revoke(let user, let moment): try revoke(user, moment)
    case .erase(let user, let moment): try erase(user, at: moment)
    case .push(let push): try add(push)
    case .takePushes(let take): try lease(take)
    case .pushOutcome(let job, let lease, let outcome): try settle(job, lease, outcome)
    case .pushesDecided(let marking): try decided(marking)
    case .takePushMarks(let service, let node, let age): try takeMarks(of: service, by: node, age)
    case .endPushMarks(let service, let nodes, let node, let end):
      try endMarks(of: service, nodes, by: node, end)
    case .deadLetter(let letter): try keep(letter)
    case .dropDeadLetters(let ids): try dropDeadLetters(ids)
    }
  }

  /// Writes what the changes add up to for the conversations that they touched.
  mutating func finish() throws(StoreError) { try members.write(to: connection) }

  mutating func nextPosition() -> Position {
    position += 1
    return position
  }

  private mutating func store(_ message: NewMessage, _ audience: Audience) throws(StoreError) -> WriteResult {
    let texts = [
      message.senderID, message.receiverID, message.tempID, message.content, message.metadata ?? "",
    ]
    if texts.contains(where: { $0.utf8.contains(0) }) { return .refused(.nul) }
    if let known = try sent(message) { return known }
    let hasNoBlock = conversations.hasNoBlock(message.senderID, message.receiverID)
    if audience != .anyone || !hasNoBlock {
      let permit = PermitRequest(from: message.senderID, to: message.receiverID)
      guard try LinkQuery.permits(permit, audience, connection) else {
        return .refused(Rejection(.forbidden, "this user takes no messages from you"))
      }
    }
    let conversation = try conversations.id(message.senderID, message.receiverID, connection)
    if !hasNoBlock { conversations.noteNoBlock(true, message.senderID, message.receiverID) }
    if let original = message.replyTo {
      let other = try connection.integer(
        "SELECT conversation FROM messages WHERE id = ?", [.integer(original.rawValue)])
      guard other == conversation else {
        return .refused(Rejection(.notFound, "data.replyTo is not a message of this conversation"))
      }
    }
    let id = SQLiteValue.integer(message.id.rawValue)
    let place = position + 1
    let added = try connection.run(
      """
      INSERT OR IGNORE INTO messages
        (id, conversation, sender, receiver, content, metadata, reply_to, position)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        id, .integer(conversation), .text(message.senderID), .text(message.receiverID),
        .text(message.content),
        .text(message.metadata), message.replyTo.map { .integer($0.rawValue) } ?? .null, .integer(place),
      ])
    // An id that is taken is no reason to lose a message: the sender sends it again, and it gets another.
    guard added == 1 else { return .unavailable("the message's id is taken") }
    try connection.run(
      "INSERT INTO send_keys (message, sender, temp_id, digest) VALUES (?, ?, ?, ?)",
      [id, .text(message.senderID), .text(message.tempID), .integer(message.digest)])
    position = place
    if keepsSearchIndex { try SearchIndex.add(message.id, message.content, connection) }
    members.sent(message, conversation: conversation)
    return .stored(message.id, place)
  }

  /// What became of an earlier send of the same key.
  private func sent(_ message: NewMessage) throws(StoreError) -> WriteResult? {
    var found: WriteResult?
    try connection.rows(
      "SELECT message, digest FROM send_keys WHERE sender = ? AND temp_id = ?",
      [.text(message.senderID), .text(message.tempID)]
    ) { row in
      found =
        UInt64(bitPattern: row.integer(1)) == message.digest
        ? .duplicate(MessageID(rawValue: UInt64(row.integer(0))))
        : .refused(Rejection(.invalidEvent, "data.tempId was used for another message"))
    }
    return found
  }
}

extension Rejection {
  /// A text that one store would cut and another refuse.
  static var nul: Rejection { Rejection(.invalidEvent, "a text holds NUL") }
}

import Pipeline
import Services

/// The changes of one transaction, made one by one. What it says of one change concerns no other; what it throws ends
/// the transaction.
struct ChangeSet {
  let connection: SQLiteConnection
  let now: Timestamp
  private(set) var position: Position
  private(set) var conversations: ConversationCache
  private var members = MemberChanges()

  init(connection: SQLiteConnection, position: Position, conversations: ConversationCache, now: Timestamp) {
    self.connection = connection
    self.position = position
    self.conversations = conversations
    self.now = now
  }

  mutating func make(_ write: StoreWrite) throws(StoreError) -> WriteResult {
    switch write {
    case .message(let message): try store(message)
    case .read(let request): try read(request)
    case .user(let id, let name): try see(id, name)
    }
  }

  /// Writes what the changes add up to for the conversations that they touched.
  mutating func finish() throws(StoreError) { try members.write(to: connection) }

  private mutating func nextPosition() -> Position {
    position += 1
    return position
  }

  private mutating func store(_ message: NewMessage) throws(StoreError) -> WriteResult {
    let texts = [
      message.senderID, message.receiverID, message.tempID, message.content, message.metadata ?? "",
    ]
    if texts.contains(where: { $0.utf8.contains(0) }) { return .refused(.nul) }
    if let known = try sent(message) { return known }
    let conversation = try conversations.id(message.senderID, message.receiverID, connection)
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

  private func see(_ id: String, _ name: String?) throws(StoreError) -> WriteResult {
    guard !id.utf8.contains(0), name?.utf8.contains(0) != true else { return .refused(.nul) }
    try connection.run(
      """
      INSERT INTO users (id, name, created) VALUES (?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET name = coalesce(excluded.name, name)
      """, [.text(id), .text(name), .integer(now.milliseconds)])
    return .seen
  }

  private mutating func read(_ request: ReadRequest) throws(StoreError) -> WriteResult {
    let named: [MessageID]
    switch request.target {
    case .messages(let ids): named = ids
    case .upTo(let id): named = [id]
    }
    var messages: [ReceivedMessage] = []
    for id in named {
      guard let message = try ReceivedMessage.find(id, connection), message.concerns(request.readerID) else {
        return .refused(Rejection(.notFound, "there is no such message"))
      }
      guard message.receiver == request.readerID else {
        return .refused(Rejection(.forbidden, "only the receiver can have read a message"))
      }
      messages.append(message)
    }
    if case .upTo(let last) = request.target, let message = messages.first {
      let reader = SQLiteValue.text(request.readerID)
      var unread: [ReceivedMessage] = []
      try connection.rows(
        """
        SELECT \(ReceivedMessage.columns) FROM messages
          WHERE conversation = ?1 AND id <= ?2 AND receiver = ?3 AND read_at IS NULL
            AND id > coalesce((SELECT read_up_to FROM members WHERE user = ?3 AND peer = ?4), 0)
          ORDER BY id
        """, [.integer(message.conversation), .integer(last.rawValue), reader, .text(message.sender)]
      ) { unread.append(ReceivedMessage($0)) }
      members.readUpTo(last, by: request.readerID, from: message.sender, conversation: message.conversation)
      if !unread.isEmpty { messages = unread }
    }
    var receipts: [ReadReceipt] = []
    for message in messages { receipts.append(try mark(message, request)) }
    return .read(receipts)
  }

  private mutating func mark(_ message: ReceivedMessage, _ request: ReadRequest) throws(StoreError)
    -> ReadReceipt
  {
    // The same message may be named twice in one request, so what the list says of it is looked up again.
    let current = try ReceivedMessage.find(message.id, connection) ?? message
    if let readAt = current.readAt {
      return ReadReceipt(
        messageID: message.id, senderID: message.sender, readAt: readAt, version: current.version,
        position: nil)
    }
    let place = nextPosition()
    try connection.run(
      """
      UPDATE messages SET read_at = ?2, delivered_at = coalesce(delivered_at, ?2), version = version + 1, position = ?3
        WHERE id = ?1
      """, [.integer(message.id.rawValue), .integer(request.readAt.milliseconds), .integer(place)])
    members.read(
      by: request.readerID, from: message.sender, conversation: message.conversation, id: message.id)
    return ReadReceipt(
      messageID: message.id, senderID: message.sender, readAt: request.readAt, version: current.version + 1,
      position: place)
  }
}

extension Rejection {
  /// A text that one store would cut and another refuse.
  fileprivate static var nul: Rejection { Rejection(.invalidEvent, "a text holds NUL") }
}

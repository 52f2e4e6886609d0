import Pipeline
import Services

extension ChangeSet {
  /// Marks messages as delivered or read: all that the receipt names or, where one can't be, none.
  mutating func take(_ receipt: Receipt) throws(StoreError) -> WriteResult {
    let named: Few<MessageID>
    switch receipt.target {
    case .messages(let ids): named = ids
    case .upTo(let id): named = [id]
    }
    var messages: [MessageRow] = []
    for id in named {
      guard let message = try MessageRow.find(id, connection), message.concerns(receipt.userID) else {
        return .refused(.noSuchMessage)
      }
      guard message.receiver == receipt.userID else {
        return .refused(Rejection(.forbidden, "only the receiver can say this of a message"))
      }
      messages.append(message)
    }
    if case .upTo(let last) = receipt.target, let message = messages.first {
      let unread = try unread(upTo: last, like: message)
      members.readUpTo(
        last, by: receipt.userID, from: message.sender, conversation: message.conversation)
      if !unread.isEmpty { messages = unread }
    }
    var changes: [MessageChange] = []
    for message in messages {
      // The same message may be named twice in one request, so what the list says of it is looked up again.
      let current = try MessageRow.find(message.id, connection) ?? message
      changes.append(try mark(current, receipt))
    }
    return .changed(Few(changes))
  }

  /// What the receiver of a message has not read of its conversation, up to a message of it.
  private func unread(upTo last: MessageID, like message: MessageRow) throws(StoreError) -> [MessageRow] {
    var unread: [MessageRow] = []
    try connection.rows(
      """
      SELECT \(MessageRow.columns) FROM messages
        WHERE conversation = ?1 AND id <= ?2 AND receiver = ?3 AND read_at IS NULL
          AND id > coalesce((SELECT read_up_to FROM members WHERE user = ?3 AND peer = ?4), 0)
        ORDER BY id
      """,
      [
        .integer(message.conversation), .integer(last.rawValue), .text(message.receiver),
        .text(message.sender),
      ]
    ) { unread.append(MessageRow($0)) }
    return unread
  }

  private mutating func mark(_ message: MessageRow, _ receipt: Receipt) throws(StoreError) -> MessageChange {
    let before = receipt.kind == .read ? message.readAt : message.deliveredAt
    if let before { return message.change(at: before, version: message.version, position: nil) }
    let place = nextPosition()
    let values: [SQLiteValue] = [
      .integer(message.id.rawValue), .integer(receipt.at.milliseconds), .integer(place),
    ]
    switch receipt.kind {
    case .delivered:
      try connection.run(
        "UPDATE messages SET delivered_at = ?2, version = version + 1, position = ?3 WHERE id = ?1", values)
    case .read:
      try connection.run(
        """
        UPDATE messages SET read_at = ?2, delivered_at = coalesce(delivered_at, ?2), version = version + 1,
          position = ?3 WHERE id = ?1
        """, values)
      if message.deletedAt == nil {
        members.read(by: message.receiver, from: message.sender, conversation: message.conversation)
      }
    }
    return message.change(at: receipt.at, version: message.version + 1, position: place)
  }
}

extension Rejection {
  /// A message that does not exist, or not for this user.
  static var noSuchMessage: Rejection { Rejection(.notFound, "there is no such message") }
}

import Services

/// What the changes of a transaction add up to for each side of the conversations that they touch: written once a
/// batch, however many messages it holds.
struct MemberChanges {
  private struct Side: Hashable {
    let user: String
    let peer: String
  }

  private struct Change {
    let conversation: Int64
    var unread = 0
    var lastMessage: MessageID?
    var readUpTo: MessageID?
  }

  private var changes: [Side: Change] = [:]

  mutating func sent(_ message: NewMessage, conversation: Int64) {
    for (user, peer) in [(message.senderID, message.receiverID), (message.receiverID, message.senderID)] {
      change(user, peer, conversation) { $0.lastMessage = max($0.lastMessage ?? message.id, message.id) }
    }
    change(message.receiverID, message.senderID, conversation) { $0.unread += 1 }
  }

  mutating func read(by reader: String, from sender: String, conversation: Int64) {
    change(reader, sender, conversation) { $0.unread -= 1 }
  }

  mutating func readUpTo(_ id: MessageID, by reader: String, from sender: String, conversation: Int64) {
    change(reader, sender, conversation) { $0.readUpTo = max($0.readUpTo ?? id, id) }
  }

  private mutating func change(
    _ user: String, _ peer: String, _ conversation: Int64, _ body: (inout Change) -> Void
  ) {
    body(&changes[Side(user: user, peer: peer), default: Change(conversation: conversation)])
  }

  func write(to connection: SQLiteConnection) throws(StoreError) {
    for (side, change) in changes {
      let last = change.lastMessage.map { SQLiteValue.integer($0.rawValue) } ?? .integer(Int64(0))
      try connection.run(
        """
        INSERT INTO members (user, peer, conversation, last_message, unread, read_up_to) VALUES (?, ?, ?, ?, ?, ?)
          ON CONFLICT (user, peer) DO UPDATE SET
            last_message = max(last_message, excluded.last_message),
            unread = unread + excluded.unread,
            read_up_to = max(coalesce(read_up_to, 0), coalesce(excluded.read_up_to, 0))
        """,
        [
          .text(side.user), .text(side.peer), .integer(change.conversation), last,
          .integer(Int64(change.unread)),
          change.readUpTo.map { .integer($0.rawValue) } ?? .null,
        ])
    }
  }
}

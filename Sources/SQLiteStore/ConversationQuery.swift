import Pipeline
import Services

/// Reads a user's conversations and what was said in them.
enum ConversationQuery {
  static func conversations(
    of user: String, before: MessageID?, limit: Int, _ connection: SQLiteConnection
  ) throws(StoreError) -> Page<Conversation> {
    var found: [Conversation] = []
    try connection.rows(
      """
      SELECT \(StoredMessage.columns), c.peer, coalesce(p.own_name, p.name), c.unread
        FROM members c JOIN messages m ON m.id = c.last_message
          LEFT JOIN users u ON u.id = m.sender LEFT JOIN users p ON p.id = c.peer
        WHERE c.user = ?1 AND c.last_message < ?2 ORDER BY c.last_message DESC LIMIT ?3
      """,
      [.text(user), .integer(before?.rawValue ?? UInt64(Int64.max)), .integer(Int64(limit + 1))]
    ) { row in
      let after = StoredMessage.columnCount
      found.append(
        Conversation(
          peerID: row.text(after), peerName: row.optionalText(after + 1), lastMessage: StoredMessage(row),
          unread: Int(max(0, row.integer(after + 2)))))
    }
    return Page(Array(found.prefix(limit)), hasMore: found.count > limit)
  }

  static func history(
    of user: String, with peer: String, before: MessageID?, limit: Int, _ connection: SQLiteConnection
  ) throws(StoreError) -> Page<StoredMessage> {
    var found: [StoredMessage] = []
    try connection.rows(
      """
      SELECT \(StoredMessage.columns) FROM messages m LEFT JOIN users u ON u.id = m.sender
        WHERE m.conversation = (SELECT id FROM conversations WHERE low = min(?1, ?2) AND high = max(?1, ?2))
          AND m.id < ?3 ORDER BY m.id DESC LIMIT ?4
      """,
      [
        .text(user), .text(peer), .integer(before?.rawValue ?? UInt64(Int64.max)), .integer(Int64(limit + 1)),
      ]
    ) { found.append(StoredMessage($0)) }
    return Page(Array(found.prefix(limit)), hasMore: found.count > limit)
  }
}

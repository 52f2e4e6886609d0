import Pipeline
import Services

/// Reads a user's conversations and what was said in them.
enum ConversationQuery {
  /// What is unread is counted for the conversations of the page alone.
  static func conversations(of user: String, before: MessageID?, limit: Int) -> PostgresStatement {
    PostgresStatement(
      """
      SELECT m.id, m.sender, coalesce(u.own_name, u.name), m.receiver, m.content, m.metadata, m.reply_to, m.version,
          m.position, m.delivered_at, m.read_at, m.edited_at, m.deleted_at, c.peer, coalesce(p.own_name, p.name),
          (SELECT count(*) FROM messages r
            WHERE r.receiver = $1 AND r.sender = c.peer AND r.read_at IS NULL AND r.deleted_at IS NULL)
        FROM (
          SELECT peer, last_message FROM (
            SELECT high AS peer, last_message FROM conversations WHERE low = $1
            UNION ALL SELECT low, last_message FROM conversations WHERE high = $1 AND low <> $1
          ) sides WHERE last_message < $2 ORDER BY last_message DESC LIMIT $3
        ) c JOIN messages m ON m.id = c.last_message
          LEFT JOIN users u ON u.id = m.sender LEFT JOIN users p ON p.id = c.peer
        ORDER BY c.last_message DESC
      """,
      [.text(user), .integer(before?.rawValue ?? UInt64(Int64.max)), .integer(Int64(limit + 1))])
  }

  static func conversations(_ result: PostgresResult, limit: Int) -> Page<Conversation> {
    let after = StoredMessage.columnCount
    let found = result.rows.map { row in
      Conversation(
        peerID: result.text(row, after), peerName: result.optionalText(row, after + 1),
        lastMessage: StoredMessage(result, row), unread: Int(result.integer(row, after + 2)))
    }
    return Page(Array(found.prefix(limit)), hasMore: found.count > limit)
  }

  static func history(of user: String, with peer: String, before: MessageID?, limit: Int) -> PostgresStatement
  {
    PostgresStatement(
      """
      SELECT m.id, m.sender, coalesce(u.own_name, u.name), m.receiver, m.content, m.metadata, m.reply_to, m.version,
          m.position, m.delivered_at, m.read_at, m.edited_at, m.deleted_at
        FROM messages m LEFT JOIN users u ON u.id = m.sender
        WHERE m.conversation = conversation_of($1, $2) AND m.id < $3 ORDER BY m.id DESC LIMIT $4
      """,
      [
        .text(user), .text(peer), .integer(before?.rawValue ?? UInt64(Int64.max)), .integer(Int64(limit + 1)),
      ])
  }

  static func history(_ result: PostgresResult, limit: Int) -> Page<StoredMessage> {
    let found = result.rows.map { StoredMessage(result, $0) }
    return Page(Array(found.prefix(limit)), hasMore: found.count > limit)
  }
}

import Services

/// Questions about pushes.
enum PushQuery {
  /// Messages that came after the last decision, and that nobody has seen yet, oldest first.
  static func undecided(
    notBefore oldest: MessageID, limit: Int, _ connection: SQLiteConnection
  ) throws(StoreError) -> [DuePush] {
    try pushes(
      """
      SELECT id, receiver FROM messages
        WHERE id >= max(?, coalesce((SELECT pushes_decided FROM meta), 9223372036854775807))
          AND delivered_at IS NULL AND read_at IS NULL AND deleted_at IS NULL AND sender != receiver
        ORDER BY id LIMIT ?
      """, [.integer(oldest.rawValue), .integer(Int64(limit))], connection)
  }

  /// Pushes that are due, oldest first, without those whose message was read or deleted meanwhile.
  static func due(limit: Int, _ connection: SQLiteConnection) throws(StoreError) -> [DuePush] {
    try pushes(
      """
      SELECT p.message, p.receiver FROM pushes p JOIN messages m ON m.id = p.message
        WHERE m.read_at IS NULL AND m.deleted_at IS NULL ORDER BY p.message LIMIT ?
      """, [.integer(Int64(limit))], connection)
  }

  private static func pushes(
    _ statement: String, _ values: [SQLiteValue], _ connection: SQLiteConnection
  ) throws(StoreError) -> [DuePush] {
    var found: [DuePush] = []
    try connection.rows(statement, values) { row in
      found.append(DuePush(MessageID(rawValue: UInt64(row.integer(0))), to: row.text(1)))
    }
    return found
  }
}

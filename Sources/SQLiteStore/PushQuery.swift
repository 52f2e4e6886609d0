import Pipeline
import Services

/// Questions about pushes.
enum PushQuery {
  /// Messages from one on that nobody has seen yet, oldest first.
  static func undecided(
    notBefore oldest: MessageID, limit: Int, _ connection: SQLiteConnection
  ) throws(StoreError) -> [UndecidedPush] {
    var found: [UndecidedPush] = []
    try connection.rows(
      """
      SELECT id, receiver FROM messages
        WHERE id >= ?1 AND delivered_at IS NULL AND read_at IS NULL AND deleted_at IS NULL
          AND sender != receiver
        ORDER BY id LIMIT ?2
      """, [.integer(oldest.rawValue), .integer(Int64(limit))]
    ) { row in
      found.append(UndecidedPush(MessageID(rawValue: UInt64(row.integer(0))), to: row.text(1)))
    }
    return found
  }

  /// How many jobs wait for a service, up to a limit, and since when.
  static func backlog(
    of service: String, upTo limit: Int, _ connection: SQLiteConnection
  ) throws(StoreError) -> PushBacklog {
    let count = try connection.integer(
      "SELECT count(*) FROM (SELECT 1 FROM push_jobs WHERE service = ? LIMIT ?)",
      [.text(service), .integer(Int64(limit))])
    let due = try connection.integer(
      "SELECT due FROM push_jobs WHERE service = ? ORDER BY message LIMIT 1", [.text(service)])
    return PushBacklog(count: Int(count ?? 0), oldestDue: due.map { Timestamp(milliseconds: $0) })
  }
}

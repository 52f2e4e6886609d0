import Pipeline
import Services

/// Questions about pushes.
enum PushQuery {
  /// Messages from one on that nobody has seen yet, oldest first.
  static func undecided(notBefore oldest: MessageID, limit: Int) -> PostgresStatement {
    PostgresStatement(
      """
      SELECT id, receiver FROM messages
        WHERE id >= $1 AND delivered_at IS NULL AND read_at IS NULL AND deleted_at IS NULL
          AND sender <> receiver
        ORDER BY id LIMIT $2
      """, [.integer(oldest.rawValue), .integer(Int64(limit))])
  }

  static func undecided(_ result: PostgresResult) -> [UndecidedPush] {
    result.rows.map {
      UndecidedPush(MessageID(rawValue: UInt64(bitPattern: result.integer($0, 0))), to: result.text($0, 1))
    }
  }

  /// How many jobs wait for a service, up to a limit, and since when.
  static func backlog(of service: String, upTo limit: Int) -> PostgresStatement {
    PostgresStatement(
      """
      SELECT (SELECT count(*) FROM (SELECT FROM push_jobs WHERE service = $1 LIMIT $2) j),
        (SELECT due FROM push_jobs WHERE service = $1 ORDER BY message LIMIT 1)
      """, [.text(service), .integer(Int64(limit))])
  }

  static func backlog(_ result: PostgresResult) -> PushBacklog {
    PushBacklog(
      count: Int(result.integer(0, 0)),
      oldestDue: result.optionalInteger(0, 1).map { Timestamp(milliseconds: $0) })
  }
}

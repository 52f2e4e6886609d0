import Pipeline
import Services

/// Reads dead letters.
enum DeadLetterQuery {
  /// What a list shows; the length of the data is known without reading it.
  static func summaries(after: Int64?, limit: Int) -> PostgresStatement {
    PostgresStatement(
      """
      SELECT id, at, type, user_id, stage, error, revision, node, stored, message, octet_length(data)
        FROM dead_letters WHERE id > $1 ORDER BY id LIMIT $2
      """, [.integer(after ?? Int64.min), .integer(Int64(limit))])
  }

  static func summaries(_ result: PostgresResult) -> [DeadLetterSummary] {
    result.rows.map { row in
      DeadLetterSummary(
        id: result.integer(row, 0), at: Timestamp(milliseconds: result.integer(row, 1)),
        type: result.text(row, 2), userID: result.optionalText(row, 3), stage: result.text(row, 4),
        error: result.text(row, 5), revision: Int(result.integer(row, 6)), node: result.text(row, 7),
        isStored: result.bool(row, 8), messageID: messageID(result, row, 9),
        size: Int(result.integer(row, 10)))
    }
  }

  /// A letter whole.
  static func letter(_ id: Int64) -> PostgresStatement {
    PostgresStatement(
      """
      SELECT at, type, user_id, user_name, is_backend, scopes, stage, error, revision, node, stored, message,
        data FROM dead_letters WHERE id = $1
      """, [.integer(id)])
  }

  static func letter(_ id: Int64, _ result: PostgresResult) -> StoredDeadLetter? {
    guard let row = result.rows.first else { return nil }
    let letter = DeadLetter(
      at: Timestamp(milliseconds: result.integer(row, 0)), type: result.text(row, 1),
      userID: result.optionalText(row, 2), userName: result.optionalText(row, 3),
      isBackend: result.bool(row, 4), scopes: DeadLetter.scopes(json: result.text(row, 5)),
      data: result.data(row, 12), stage: result.text(row, 6), error: result.text(row, 7),
      revision: Int(result.integer(row, 8)), node: result.text(row, 9),
      isStored: result.bool(row, 10), messageID: messageID(result, row, 11))
    return StoredDeadLetter(id: id, letter: letter)
  }

  private static func messageID(_ result: PostgresResult, _ row: Int, _ column: Int) -> MessageID? {
    result.optionalInteger(row, column).map { MessageID(rawValue: UInt64(bitPattern: $0)) }
  }
}

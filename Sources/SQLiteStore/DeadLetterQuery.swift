import Pipeline
import Services

/// Questions about dead letters.
enum DeadLetterQuery {
  /// What a list shows; the length of the data is known without reading it.
  static func summaries(
    after: Int64?, limit: Int, _ connection: SQLiteConnection
  ) throws(StoreError) -> [DeadLetterSummary] {
    var found: [DeadLetterSummary] = []
    try connection.rows(
      """
      SELECT id, at, type, user, stage, error, revision, node, stored, message, length(data)
        FROM dead_letters WHERE id > ? ORDER BY id LIMIT ?
      """, [.integer(after ?? Int64.min), .integer(Int64(limit))]
    ) { row in
      found.append(
        DeadLetterSummary(
          id: row.integer(0), at: Timestamp(milliseconds: row.integer(1)), type: row.text(2),
          userID: row.optionalText(3), stage: row.text(4), error: row.text(5), revision: Int(row.integer(6)),
          node: row.text(7), isStored: row.integer(8) != 0,
          messageID: row.optionalInteger(9).map { MessageID(rawValue: UInt64($0)) },
          size: Int(row.integer(10))))
    }
    return found
  }

  /// A letter whole.
  static func letter(_ id: Int64, _ connection: SQLiteConnection) throws(StoreError) -> StoredDeadLetter? {
    var found: StoredDeadLetter?
    try connection.rows(
      """
      SELECT at, type, user, user_name, is_backend, scopes, stage, error, revision, node, stored, message,
        data FROM dead_letters WHERE id = ?
      """, [.integer(id)]
    ) { row in
      let letter = DeadLetter(
        at: Timestamp(milliseconds: row.integer(0)), type: row.text(1), userID: row.optionalText(2),
        userName: row.optionalText(3), isBackend: row.integer(4) != 0,
        scopes: DeadLetter.scopes(json: row.text(5)), data: row.blob(12), stage: row.text(6),
        error: row.text(7), revision: Int(row.integer(8)), node: row.text(9),
        isStored: row.integer(10) != 0,
        messageID: row.optionalInteger(11).map { MessageID(rawValue: UInt64($0)) })
      found = StoredDeadLetter(id: id, letter: letter)
    }
    return found
  }

  /// How many there are, up to a limit.
  static func count(upTo limit: Int, _ connection: SQLiteConnection) throws(StoreError) -> Int {
    let count = try connection.integer(
      "SELECT count(*) FROM (SELECT 1 FROM dead_letters LIMIT ?)", [.integer(Int64(limit))])
    return Int(count ?? 0)
  }
}

import Services

/// The index of the messages' words: PostgreSQL's full-text search with the `simple` configuration, which takes words
/// as they are, of whatever language.
enum SearchIndex {
  /// Makes the index, or drops it, as the options say. One that is made late takes in all that is there.
  static func prepare(_ connection: PostgresConnection, isOn: Bool) throws(PostgresError) {
    let exists = try connection.run([PostgresStatement("SELECT to_regclass('messages_words') IS NOT NULL")])[
      0]
    if isOn, !exists.bool(0, 0) {
      try connection.execute(
        "CREATE INDEX IF NOT EXISTS messages_words ON messages USING gin (to_tsvector('simple', content))")
    } else if !isOn, exists.bool(0, 0) {
      try connection.execute("DROP INDEX IF EXISTS messages_words")
    }
  }

  /// A user's messages that hold all words, newest first.
  static func find(_ request: SearchRequest) -> PostgresStatement {
    PostgresStatement(
      """
      SELECT m.id, m.sender, coalesce(u.own_name, u.name), m.receiver, m.content, m.metadata, m.reply_to, m.version,
          m.position, m.delivered_at, m.read_at, m.edited_at, m.deleted_at
        FROM messages m LEFT JOIN users u ON u.id = m.sender
        WHERE to_tsvector('simple', m.content) @@ to_tsquery('simple', $1) AND m.deleted_at IS NULL
          AND ((m.sender = $2 AND ($3::text IS NULL OR m.receiver = $3))
            OR (m.receiver = $2 AND ($3::text IS NULL OR m.sender = $3)))
        ORDER BY m.id DESC LIMIT $4
      """,
      [
        .text(expression(for: request.text)), .text(request.userID), .text(request.peerID),
        .integer(Int64(request.limit)),
      ])
  }

  /// The words as PostgreSQL wants them: letters and digits alone, so that none is taken for an operator; the last may
  /// be a beginning.
  static func expression(for text: String) -> String {
    let words = text.split { !$0.isLetter && !$0.isNumber }.prefix(32).map { "'\($0)'" }
    return words.isEmpty ? "" : words.joined(separator: " & ") + ":*"
  }
}

import Pipeline
import Services

/// The index of the messages' words: SQLite's FTS5 over the content that the messages table keeps.
enum SearchIndex {
  /// Makes the index, or drops it, as the options say. One that is made late takes in all that is there.
  static func prepare(_ connection: SQLiteConnection, isOn: Bool) throws(StoreError) {
    let exists = try connection.integer("SELECT 1 FROM sqlite_master WHERE name = 'message_words'") != nil
    if isOn, !exists {
      try connection.execute(
        """
        BEGIN IMMEDIATE;
        CREATE VIRTUAL TABLE message_words USING fts5(content, content='messages', content_rowid='id');
        INSERT INTO message_words (rowid, content) SELECT id, content FROM messages WHERE deleted_at IS NULL;
        COMMIT;
        """)
    } else if !isOn, exists {
      try connection.execute("DROP TABLE message_words")
    }
  }

  /// Takes a message's content in.
  static func add(_ id: MessageID, _ content: String, _ connection: SQLiteConnection) throws(StoreError) {
    try connection.run(
      "INSERT INTO message_words (rowid, content) VALUES (?, ?)", [.integer(id.rawValue), .text(content)])
  }

  /// Takes a message's content out, while the messages table still has it: the index needs it to find its entries.
  static func remove(_ id: MessageID, _ connection: SQLiteConnection) throws(StoreError) {
    try connection.run(
      """
      INSERT INTO message_words (message_words, rowid, content)
        SELECT 'delete', id, content FROM messages WHERE id = ?
      """, [.integer(id.rawValue)])
  }

  /// A user's messages that hold all words, newest first.
  static func find(_ request: SearchRequest, _ connection: SQLiteConnection) throws(StoreError)
    -> [StoredMessage]
  {
    let words = Self.expression(for: request.text)
    guard !words.isEmpty else { return [] }
    var found: [StoredMessage] = []
    try connection.rows(
      """
      SELECT \(StoredMessage.columns) FROM message_words w JOIN messages m ON m.id = w.rowid
        LEFT JOIN users u ON u.id = m.sender
        WHERE message_words MATCH ?1 AND m.deleted_at IS NULL
          AND ((m.sender = ?2 AND (?3 IS NULL OR m.receiver = ?3))
            OR (m.receiver = ?2 AND (?3 IS NULL OR m.sender = ?3)))
        ORDER BY m.id DESC LIMIT ?4
      """,
      [.text(words), .text(request.userID), .text(request.peerID), .integer(Int64(request.limit))]
    ) { found.append(StoredMessage($0)) }
    return found
  }

  /// The words as FTS5 wants them: each quoted, so that none is taken for an operator; the last may be a beginning.
  static func expression(for text: String) -> String {
    let words = text.split { !$0.isLetter && !$0.isNumber }.prefix(32).map { "\"\($0)\"" }
    return words.isEmpty ? "" : words.joined(separator: " ") + "*"
  }
}

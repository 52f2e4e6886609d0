import Pipeline
import Services

extension ChangeSet {
  /// Keeps a letter, under a number that none has had.
  func keep(_ letter: DeadLetter) throws(StoreError) -> WriteResult {
    guard !letter.holdsNUL else { return .refused(.nul) }
    try connection.run(
      """
      INSERT INTO dead_letters
        (at, type, user, user_name, is_backend, scopes, stage, error, revision, node, stored, message,
         data)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        .integer(letter.at.milliseconds), .text(letter.type), .text(letter.userID), .text(letter.userName),
        .integer(Int64(letter.isBackend ? 1 : 0)), .text(letter.scopesJSON), .text(letter.stage),
        .text(letter.error), .integer(Int64(letter.revision)), .text(letter.node),
        .integer(Int64(letter.isStored ? 1 : 0)),
        letter.messageID.map { .integer($0.rawValue) } ?? .null, .blob(letter.data),
      ])
    guard let id = try connection.integer("SELECT last_insert_rowid()") else {
      throw StoreError("a dead letter was kept and has no number")
    }
    return .kept(id)
  }

  func dropDeadLetters(_ ids: [Int64]) throws(StoreError) -> WriteResult {
    for id in ids { try connection.run("DELETE FROM dead_letters WHERE id = ?", [.integer(id)]) }
    return .done
  }

  /// Drops the oldest letters from before a moment: at most 2,000, and of their data little more than 16 MiB, so that
  /// it holds nobody up for long.
  ///
  /// - Returns: How many it has dropped.
  func dropDeadLetters(before moment: Timestamp) throws(StoreError) -> Int {
    try connection.run(
      """
      DELETE FROM dead_letters WHERE id IN (
        SELECT id FROM (
          SELECT id, sum(size) OVER (ORDER BY at, id) - size AS behind FROM (
            SELECT id, at, length(data) AS size FROM dead_letters WHERE at < ? ORDER BY at, id LIMIT 2000
          )
        ) WHERE behind < 16777216
      )
      """, [.integer(moment.milliseconds)])
  }
}

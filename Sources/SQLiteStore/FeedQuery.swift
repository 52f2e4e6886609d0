import Pipeline
import Services

/// Reads pages of the feed of changes.
enum FeedQuery {
  /// The sides of one union, each from an index of its own; a message to oneself is on the first side only.
  private static let sql = """
    SELECT \(StoredMessage.columns)
      FROM (
        SELECT * FROM (SELECT * FROM messages WHERE sender = ?1 AND position > ?2 ORDER BY position LIMIT ?3)
        UNION ALL
        SELECT * FROM (SELECT * FROM messages WHERE receiver = ?1 AND sender != ?1 AND position > ?2
          ORDER BY position LIMIT ?3)
      ) m LEFT JOIN users u ON u.id = m.sender
      ORDER BY m.position LIMIT ?3
    """

  /// - Parameter head: A position that was committed before the call: what the snapshot is sure to hold.
  static func page(
    _ request: SyncRequest, _ connection: SQLiteConnection, head: Position
  ) throws(StoreError) -> SyncPage {
    let start: Position
    switch request.start {
    case .beginning: start = 0
    case .after(let place): start = place.seen
    case .since(let moment):
      start = UInt64(
        try connection.integer(
          "SELECT position FROM moments WHERE at < ? ORDER BY at DESC LIMIT 1",
          [.integer(moment.milliseconds)]) ?? 0)
    }
    var messages: [StoredMessage] = []
    try connection.rows(
      sql, [.text(request.userID), .integer(start), .integer(Int64(request.limit + 1))]
    ) { messages.append(StoredMessage($0)) }
    let hasMore = messages.count > request.limit
    if hasMore { messages.removeLast() }
    let last = messages.last?.position ?? start
    return SyncPage(
      messages: messages, place: FeedPlace(hasMore ? last : max(last, head)), hasMore: hasMore)
  }
}

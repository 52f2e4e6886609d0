import Services

/// The numbers of the conversations that were in use lately.
struct ConversationCache {
  private struct Pair: Hashable {
    let low: String
    let high: String
  }

  private static let limit = 100_000
  private var ids: [Pair: Int64] = [:]

  /// The number of the conversation of two users, which begins here where they have none.
  mutating func id(_ one: String, _ other: String, _ connection: SQLiteConnection) throws(StoreError) -> Int64
  {
    let pair = one < other ? Pair(low: one, high: other) : Pair(low: other, high: one)
    if let id = ids[pair] { return id }
    let values: [SQLiteValue] = [.text(pair.low), .text(pair.high)]
    let find = "SELECT id FROM conversations WHERE low = ? AND high = ?"
    var id = try connection.integer(find, values)
    if id == nil {
      try connection.run("INSERT INTO conversations (low, high) VALUES (?, ?)", values)
      id = try connection.integer(find, values)
    }
    guard let id else { throw StoreError("a conversation was made and is not there") }
    if ids.count >= Self.limit { ids.removeAll(keepingCapacity: true) }
    ids[pair] = id
    return id
  }
}

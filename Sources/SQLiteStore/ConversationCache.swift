import Services

/// What is known of the conversations that were in use lately: their numbers, and that nobody has blocked the other.
struct ConversationCache {
  private struct Pair: Hashable {
    let low: ExactText
    let high: ExactText

    init(_ one: String, _ other: String) {
      let isInOrder = one.utf8.lexicographicallyPrecedes(other.utf8)
      (low, high) = (ExactText(isInOrder ? one : other), ExactText(isInOrder ? other : one))
    }
  }

  private struct Known {
    let id: Int64
    var hasNoBlock = false
  }

  private static let limit = 100_000
  private var known: [Pair: Known] = [:]

  /// The number of the conversation of two users, which begins here where they have none.
  mutating func id(_ one: String, _ other: String, _ connection: SQLiteConnection) throws(StoreError) -> Int64
  {
    let pair = Pair(one, other)
    if let id = known[pair]?.id { return id }
    let values: [SQLiteValue] = [.text(pair.low.text), .text(pair.high.text)]
    let find = "SELECT id FROM conversations WHERE low = ? AND high = ?"
    var id = try connection.integer(find, values)
    if id == nil {
      try connection.run("INSERT INTO conversations (low, high) VALUES (?, ?)", values)
      id = try connection.integer(find, values)
    }
    guard let id else { throw StoreError("a conversation was made and is not there") }
    if known.count >= Self.limit { known.removeAll(keepingCapacity: true) }
    known[pair] = Known(id: id)
    return id
  }

  /// Whether it is known that neither of two users has blocked the other.
  func hasNoBlock(_ one: String, _ other: String) -> Bool { known[Pair(one, other)]?.hasNoBlock ?? false }

  /// Notes whether that is known now, where the conversation is.
  mutating func noteNoBlock(_ isKnown: Bool, _ one: String, _ other: String) {
    known[Pair(one, other)]?.hasNoBlock = isKnown
  }
}

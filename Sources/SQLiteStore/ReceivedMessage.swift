import Pipeline
import Services

/// What a receipt needs to know of a message.
struct ReceivedMessage {
  static let columns = "id, conversation, sender, receiver, read_at, version"

  let id: MessageID
  let conversation: Int64
  let sender: String
  let receiver: String
  let readAt: Timestamp?
  let version: Int

  init(_ row: SQLiteRow) {
    id = MessageID(rawValue: UInt64(row.integer(0)))
    conversation = row.integer(1)
    sender = row.text(2)
    receiver = row.text(3)
    readAt = row.optionalInteger(4).map(Timestamp.init(milliseconds:))
    version = Int(row.integer(5))
  }

  static func find(_ id: MessageID, _ connection: SQLiteConnection) throws(StoreError) -> ReceivedMessage? {
    var found: ReceivedMessage?
    try connection.rows("SELECT \(columns) FROM messages WHERE id = ?", [.integer(id.rawValue)]) {
      found = ReceivedMessage($0)
    }
    return found
  }

  /// Whether the message is between this user and someone.
  func concerns(_ user: String) -> Bool { sender == user || receiver == user }
}

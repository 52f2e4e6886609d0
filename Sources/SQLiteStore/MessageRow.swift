import Pipeline
import Services

/// What a receipt or revision needs to know of a message.
struct MessageRow {
  static let columns = "id, conversation, sender, receiver, version, delivered_at, read_at, deleted_at"

  let id: MessageID
  let conversation: Int64
  let sender: String
  let receiver: String
  let version: Int
  let deliveredAt: Timestamp?
  let readAt: Timestamp?
  let deletedAt: Timestamp?

  init(_ row: SQLiteRow) {
    id = MessageID(rawValue: UInt64(row.integer(0)))
    conversation = row.integer(1)
    sender = row.text(2)
    receiver = row.text(3)
    version = Int(row.integer(4))
    deliveredAt = row.optionalInteger(5).map(Timestamp.init(milliseconds:))
    readAt = row.optionalInteger(6).map(Timestamp.init(milliseconds:))
    deletedAt = row.optionalInteger(7).map(Timestamp.init(milliseconds:))
  }

  static func find(_ id: MessageID, _ connection: SQLiteConnection) throws(StoreError) -> MessageRow? {
    var found: MessageRow?
    try connection.rows("SELECT \(columns) FROM messages WHERE id = ?", [.integer(id.rawValue)]) {
      found = MessageRow($0)
    }
    return found
  }

  /// Whether the message is between this user and someone.
  func concerns(_ user: String) -> Bool { sender == user || receiver == user }

  /// What was done to it, or had been before.
  func change(at moment: Timestamp, version: Int, position: Position?) -> MessageChange {
    MessageChange(
      messageID: id, senderID: sender, receiverID: receiver, at: moment, version: version, position: position)
  }
}

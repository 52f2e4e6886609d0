import Pipeline
import Services

extension StoredMessage {
  /// What a message is read from: `m` are the messages, `u` the users, for the sender's name.
  static let columns = """
    m.id, m.sender, coalesce(u.own_name, u.name), m.receiver, m.content, m.metadata, m.reply_to, m.version,
    m.position, m.delivered_at, m.read_at, m.edited_at, m.deleted_at
    """
  /// How many columns those are.
  static let columnCount: Int32 = 13

  /// A message as its readers see it: deleted ones without what they said.
  init(_ row: SQLiteRow) {
    func moment(_ column: Int32) -> Timestamp? {
      row.optionalInteger(column).map(Timestamp.init(milliseconds:))
    }
    let deletedAt = moment(12)
    self.init(
      id: MessageID(rawValue: UInt64(row.integer(0))), senderID: row.text(1),
      senderName: row.optionalText(2), receiverID: row.text(3),
      content: deletedAt == nil ? row.text(4) : "", metadata: deletedAt == nil ? row.optionalText(5) : nil,
      replyTo: row.optionalInteger(6).map { MessageID(rawValue: UInt64($0)) }, version: Int(row.integer(7)),
      position: UInt64(row.integer(8)), deliveredAt: moment(9), readAt: moment(10), editedAt: moment(11),
      deletedAt: deletedAt)
  }
}

import Pipeline
import Services

extension StoredMessage {
  /// A message as its readers see it, deleted ones without what they said: from these columns on, in this order:
  /// `m.id, m.sender, coalesce(u.own_name, u.name), m.receiver, m.content, m.metadata, m.reply_to, m.version,
  /// m.position, m.delivered_at, m.read_at, m.edited_at, m.deleted_at`.
  init(_ result: PostgresResult, _ row: Int, from first: Int = 0) {
    func moment(_ column: Int) -> Timestamp? {
      result.optionalInteger(row, first + column).map(Timestamp.init(milliseconds:))
    }
    let deletedAt = moment(12)
    self.init(
      id: MessageID(rawValue: UInt64(bitPattern: result.integer(row, first))),
      senderID: result.text(row, first + 1), senderName: result.optionalText(row, first + 2),
      receiverID: result.text(row, first + 3), content: deletedAt == nil ? result.text(row, first + 4) : "",
      metadata: deletedAt == nil ? result.optionalText(row, first + 5) : nil,
      replyTo: result.optionalInteger(row, first + 6).map { MessageID(rawValue: UInt64(bitPattern: $0)) },
      version: Int(result.integer(row, first + 7)),
      position: UInt64(bitPattern: result.integer(row, first + 8)),
      deliveredAt: moment(9), readAt: moment(10), editedAt: moment(11), deletedAt: deletedAt)
  }

  /// How many columns those are.
  static let columnCount = 13
}

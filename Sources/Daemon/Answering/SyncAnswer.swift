import Pipeline
import Services

/// A page of a sync as its reader gets it.
struct SyncAnswer {
  let page: SyncPage
  let user: String
  let epoch: UInt64
  let now: Timestamp

  var event: OutgoingEvent {
    OutgoingEvent(.syncResult) { data in
      data.array("messages", of: page.messages) { item, message in Self.write(message, to: &item) }
      data.member("cursor", Cursor(epoch: epoch, position: page.position).text(for: user))
      data.member("hasMore", page.hasMore)
      data.member("serverTime", now)
    }
  }

  private static func write(_ message: StoredMessage, to item: inout JSONObjectWriter) {
    item.member("messageId", message.id.description)
    item.member("senderId", message.senderID)
    if let name = message.senderName { item.member("senderName", name) }
    item.member("receiverId", message.receiverID)
    item.member("content", message.content)
    item.member("timestamp", message.id.timestamp)
    if let metadata = message.metadata { item.member("metadata", json: metadata.utf8) }
    if let original = message.replyTo { item.member("replyTo", original.description) }
    item.member("version", message.version)
    if let deliveredAt = message.deliveredAt { item.member("deliveredAt", deliveredAt) }
    if let readAt = message.readAt { item.member("readAt", readAt) }
  }
}

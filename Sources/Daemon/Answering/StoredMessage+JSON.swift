import Pipeline
import Services

extension StoredMessage {
  /// Writes the message as its readers get it: the members of `NEW_MESSAGE`, and its times.
  func write(to item: inout JSONObjectWriter) {
    item.member("messageId", id)
    item.member("senderId", senderID)
    if let senderName { item.member("senderName", senderName) }
    item.member("receiverId", receiverID)
    item.member("content", content)
    item.member("timestamp", id.timestamp)
    if let metadata { item.member("metadata", json: metadata.utf8) }
    if let replyTo { item.member("replyTo", replyTo) }
    item.member("version", version)
    if let deliveredAt { item.member("deliveredAt", deliveredAt) }
    if let readAt { item.member("readAt", readAt) }
    if let editedAt { item.member("editedAt", editedAt) }
    if let deletedAt { item.member("deletedAt", deletedAt) }
  }
}

import Pipeline
import Services

extension ChangeSet {
  /// Edits or deletes a message, which only its sender may. What is deleted stays so.
  mutating func make(_ revision: Revision) throws(StoreError) -> WriteResult {
    guard let message = try MessageRow.find(revision.messageID, connection),
      message.concerns(revision.userID)
    else { return .refused(.noSuchMessage) }
    guard message.sender == revision.userID else {
      return .refused(Rejection(.forbidden, "only the sender may change a message"))
    }
    switch revision.kind {
    case .edit(let content):
      guard !content.utf8.contains(0) else { return .refused(.nul) }
      guard message.deletedAt == nil else {
        return .refused(Rejection(.notFound, "the message has been deleted"))
      }
      return .changed(.one(try edit(message, content, at: revision.at)))
    case .delete: return .changed(.one(try delete(message, at: revision.at)))
    }
  }

  private mutating func edit(
    _ message: MessageRow, _ content: String, at moment: Timestamp
  ) throws(StoreError) -> MessageChange {
    if keepsSearchIndex { try SearchIndex.remove(message.id, connection) }
    let place = nextPosition()
    try connection.run(
      "UPDATE messages SET content = ?2, edited_at = ?3, version = version + 1, position = ?4 WHERE id = ?1",
      [
        .integer(message.id.rawValue), .text(content), .integer(moment.milliseconds), .integer(place),
      ])
    if keepsSearchIndex { try SearchIndex.add(message.id, content, connection) }
    return message.change(at: moment, version: message.version + 1, position: place)
  }

  /// Takes a message from its readers; `purging` takes its content at once, which otherwise is kept for a while.
  mutating func delete(
    _ message: MessageRow, at moment: Timestamp, purging: Bool = false
  ) throws(StoreError) -> MessageChange {
    if let before = message.deletedAt {
      return message.change(at: before, version: message.version, position: nil)
    }
    if keepsSearchIndex { try SearchIndex.remove(message.id, connection) }
    let place = nextPosition()
    try connection.run(
      "UPDATE messages SET deleted_at = ?2, version = version + 1, position = ?3 WHERE id = ?1",
      [.integer(message.id.rawValue), .integer(moment.milliseconds), .integer(place)])
    if purging {
      try connection.run(
        "UPDATE messages SET content = '', metadata = NULL WHERE id = ?", [.integer(message.id.rawValue)])
    }
    // What nobody can read any more need not be read.
    if message.readAt == nil {
      members.read(by: message.receiver, from: message.sender, conversation: message.conversation)
    }
    return message.change(at: moment, version: message.version + 1, position: place)
  }
}

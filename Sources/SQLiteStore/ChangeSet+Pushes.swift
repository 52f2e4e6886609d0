import Pipeline
import Services

extension ChangeSet {
  /// Keeps a push, where its receiver has a device that it could go to.
  func add(_ push: DuePush) throws(StoreError) -> WriteResult {
    try connection.run(
      """
      INSERT OR IGNORE INTO pushes (message, receiver, due)
        SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM devices WHERE user = ?2)
      """,
      [.integer(push.messageID.rawValue), .text(push.receiverID), .integer(now.milliseconds)])
    return .done
  }

  /// Notes that of all messages before one it is decided whether they are due a push, and drops pushes that have
  /// become too old.
  func decided(before: MessageID, dropping oldest: MessageID) throws(StoreError) -> WriteResult {
    try connection.run(
      "UPDATE meta SET pushes_decided = max(?, coalesce(pushes_decided, 0))", [.integer(before.rawValue)])
    try connection.run(
      "DELETE FROM pushes WHERE message IN (SELECT message FROM pushes WHERE message < ? ORDER BY message LIMIT 2000)",
      [.integer(oldest.rawValue)])
    return .done
  }
}

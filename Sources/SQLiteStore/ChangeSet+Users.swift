import Pipeline
import Services

extension ChangeSet {
  /// How many messages one erasure takes at a time, so that it holds nobody up for long.
  private static let erasedAtATime = 500

  func see(_ id: String, _ name: String?) throws(StoreError) -> WriteResult {
    guard !id.utf8.contains(0), name?.utf8.contains(0) != true else { return .refused(.nul) }
    try connection.run(
      """
      INSERT INTO users (id, name, created) VALUES (?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET name = coalesce(excluded.name, name)
      """, [.text(id), .text(name), .integer(now.milliseconds)])
    var known = name
    try connection.rows("SELECT coalesce(own_name, name) FROM users WHERE id = ?", [.text(id)]) {
      known = $0.optionalText(0)
    }
    return .known(name: known)
  }

  func rename(_ id: String, _ name: String) throws(StoreError) -> WriteResult {
    guard !id.utf8.contains(0), !name.utf8.contains(0) else { return .refused(.nul) }
    try connection.run(
      """
      INSERT INTO users (id, own_name, created) VALUES (?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET own_name = excluded.own_name
      """, [.text(id), .text(name), .integer(now.milliseconds)])
    return .done
  }

  func add(_ device: Device) throws(StoreError) -> WriteResult {
    let texts = [device.userID, device.token, device.platform ?? ""]
    guard !texts.contains(where: { $0.utf8.contains(0) }) else { return .refused(.nul) }
    try connection.run(
      """
      INSERT INTO devices (token, user, platform, since) VALUES (?, ?, ?, ?)
        ON CONFLICT (token) DO UPDATE SET user = excluded.user, platform = excluded.platform, since = excluded.since
      """,
      [.text(device.token), .text(device.userID), .text(device.platform), .integer(now.milliseconds)])
    // The oldest go where one user has more than anybody has: each push would go to all of them.
    try connection.run(
      """
      DELETE FROM devices WHERE token IN
        (SELECT token FROM devices WHERE user = ? ORDER BY since DESC, token LIMIT -1 OFFSET 100)
      """, [.text(device.userID)])
    return .done
  }

  func removeDevices(of user: String, _ token: String?) throws(StoreError) -> WriteResult {
    if let token {
      try connection.run(
        "DELETE FROM devices WHERE user = ? AND token = ?", [.text(user), .text(token)])
    } else {
      try connection.run("DELETE FROM devices WHERE user = ?", [.text(user)])
    }
    return .done
  }

  func revoke(_ user: String, _ moment: Timestamp) throws(StoreError) -> WriteResult {
    guard !user.utf8.contains(0) else { return .refused(.nul) }
    try connection.run(
      """
      INSERT INTO users (id, created, tokens_not_before) VALUES (?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET tokens_not_before = excluded.tokens_not_before
      """, [.text(user), .integer(now.milliseconds), .integer(moment.milliseconds)])
    return .done
  }

  /// Deletes what a user has sent, their content at once; when nothing is left of it, all else that is kept of them
  /// but the revocation of their tokens.
  mutating func erase(_ user: String, at moment: Timestamp) throws(StoreError) -> WriteResult {
    var messages: [MessageRow] = []
    try connection.rows(
      """
      SELECT \(MessageRow.columns) FROM messages
        WHERE sender = ? AND (deleted_at IS NULL OR content != '') ORDER BY position LIMIT \(Self.erasedAtATime)
      """, [.text(user)]
    ) { messages.append(MessageRow($0)) }
    var changes: [MessageChange] = []
    for message in messages {
      if message.deletedAt == nil {
        changes.append(try delete(message, at: moment, purging: true))
      } else {
        try connection.run(
          "UPDATE messages SET content = '', metadata = NULL WHERE id = ?", [.integer(message.id.rawValue)])
        changes.append(message.change(at: moment, version: message.version, position: nil))
      }
    }
    guard messages.isEmpty else { return .changed(Few(changes)) }
    for statement in [
      "DELETE FROM devices WHERE user = ?1", "DELETE FROM push_lanes WHERE receiver = ?1",
      "DELETE FROM links WHERE user = ?1 OR peer = ?1",
      "DELETE FROM blocks WHERE user = ?1", "DELETE FROM send_keys WHERE sender = ?1",
      "DELETE FROM dead_letters WHERE user = ?1",
      "UPDATE users SET name = NULL, own_name = NULL WHERE id = ?1",
    ] { try connection.run(statement, [.text(user)]) }
    return .changed([])
  }
}

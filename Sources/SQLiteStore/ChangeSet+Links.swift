import Pipeline
import Services

extension ChangeSet {
  /// Does what a user wants about a connection with another.
  mutating func link(_ request: LinkRequest) throws(StoreError) -> WriteResult {
    guard !request.userID.utf8.contains(0), !request.peerID.utf8.contains(0) else { return .refused(.nul) }
    guard request.userID != request.peerID else {
      return .refused(Rejection(.invalidEvent, "nobody has a connection with themselves"))
    }
    let (user, peer) = (SQLiteValue.text(request.userID), SQLiteValue.text(request.peerID))
    switch request.action {
    case .request:
      guard try !LinkQuery.isBlocked(request.userID, request.peerID, connection) else {
        return .refused(Rejection(.forbidden, "this user takes no requests from you"))
      }
      let link = try LinkQuery.link(of: request.userID, with: request.peerID, connection)
      if link?.status == .pending, link?.direction == .incoming { return try accept(request) }
      if link == nil {
        let since = SQLiteValue.integer(request.at.milliseconds)
        let sql = "INSERT INTO links (user, peer, outgoing, since) VALUES (?, ?, ?, ?)"
        try connection.run(sql, [user, peer, .integer(Int64(1)), since])
        try connection.run(sql, [peer, user, .integer(Int64(0)), since])
      }
    case .accept: return try accept(request)
    case .block:
      conversations.noteNoBlock(false, request.userID, request.peerID)
      try connection.run(
        "INSERT OR IGNORE INTO blocks (user, peer, since) VALUES (?, ?, ?)",
        [user, peer, .integer(request.at.milliseconds)])
      try removeLink(user, peer)
    case .remove:
      try connection.run("DELETE FROM blocks WHERE user = ? AND peer = ?", [user, peer])
      try removeLink(user, peer)
    }
    return .linked(try LinkQuery.link(of: request.userID, with: request.peerID, connection))
  }

  private func accept(_ request: LinkRequest) throws(StoreError) -> WriteResult {
    let link = try LinkQuery.link(of: request.userID, with: request.peerID, connection)
    switch (link?.status, link?.direction) {
    case (.accepted, _): return .linked(link)
    case (.pending, .incoming):
      try connection.run(
        "UPDATE links SET accepted = 1, since = ?3 WHERE (user = ?1 AND peer = ?2) OR (user = ?2 AND peer = ?1)",
        [.text(request.userID), .text(request.peerID), .integer(request.at.milliseconds)])
      return .linked(try LinkQuery.link(of: request.userID, with: request.peerID, connection))
    case (.pending, .outgoing):
      return .refused(Rejection(.forbidden, "nobody accepts a request of their own"))
    default: return .refused(Rejection(.notFound, "this user has not asked you for a connection"))
    }
  }

  private func removeLink(_ user: SQLiteValue, _ peer: SQLiteValue) throws(StoreError) {
    try connection.run(
      "DELETE FROM links WHERE (user = ?1 AND peer = ?2) OR (user = ?2 AND peer = ?1)", [user, peer])
  }
}

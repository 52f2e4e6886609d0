import Services

/// Reads how users stand to each other.
enum LinkQuery {
  /// How `user` stands to `peer`; of a block only who made it hears.
  static func link(of user: String, with peer: String, _ connection: SQLiteConnection) throws(StoreError)
    -> Link?
  {
    let values: [SQLiteValue] = [.text(user), .text(peer)]
    if try connection.integer("SELECT 1 FROM blocks WHERE user = ? AND peer = ?", values) != nil {
      return Link(peerID: peer, status: .blocked, direction: .outgoing)
    }
    var link: Link?
    try connection.rows("SELECT peer, accepted, outgoing FROM links WHERE user = ? AND peer = ?", values) {
      link = Link($0)
    }
    return link
  }

  /// How `user` stands to everyone, latest first.
  static func links(of user: String, _ connection: SQLiteConnection) throws(StoreError) -> [Link] {
    var links: [Link] = []
    try connection.rows(
      """
      SELECT peer, 2, 1, since FROM blocks WHERE user = ?1
        UNION ALL SELECT peer, accepted, outgoing, since FROM links WHERE user = ?1
        ORDER BY 4 DESC LIMIT 10000
      """, [.text(user)]
    ) { links.append(Link($0)) }
    return links
  }

  /// Whether one of two users has blocked the other.
  static func isBlocked(_ one: String, _ other: String, _ connection: SQLiteConnection) throws(StoreError)
    -> Bool
  {
    try connection.integer(
      "SELECT 1 FROM blocks WHERE (user = ?1 AND peer = ?2) OR (user = ?2 AND peer = ?1)",
      [.text(one), .text(other)]) != nil
  }

  /// Whether one user may write to another.
  static func permits(
    _ request: PermitRequest, _ audience: Audience, _ connection: SQLiteConnection
  ) throws(StoreError) -> Bool {
    if request.userID == request.peerID { return true }
    if try isBlocked(request.userID, request.peerID, connection) { return false }
    if audience == .anyone { return true }
    return try connection.integer(
      "SELECT 1 FROM links WHERE user = ? AND peer = ? AND accepted = 1",
      [.text(request.userID), .text(request.peerID)]) != nil
  }
}

extension Link {
  /// A row of peer, accepted (2 for a block) and outgoing.
  fileprivate init(_ row: SQLiteRow) {
    let status: Status =
      switch row.integer(1) {
      case 0: .pending
      case 1: .accepted
      default: .blocked
      }
    self.init(
      peerID: row.text(0), status: status, direction: row.integer(2) == 1 ? .outgoing : .incoming)
  }
}

import Pipeline
public import Services

extension SQLiteStore {
  public func peers(
    of users: [String], limit: Int, then: @escaping @Sendable (Result<[[String]], StoreError>) -> Void
  ) {
    read(then) { connection throws(StoreError) in
      var peers: [[String]] = []
      for user in users { peers.append(try Self.peers(of: user, limit: limit, connection)) }
      return peers
    }
  }

  private static func peers(
    of user: String, limit: Int, _ connection: SQLiteConnection
  ) throws(StoreError) -> [String] {
    var peers: [String] = []
    try connection.rows(
      """
      SELECT peer FROM (
          SELECT peer, last_message AS recency FROM members WHERE user = ?1
          UNION ALL SELECT peer, 0 FROM links WHERE user = ?1 AND accepted = 1
        ) p
        WHERE NOT EXISTS (SELECT 1 FROM blocks b
          WHERE (b.user = ?1 AND b.peer = p.peer) OR (b.user = p.peer AND b.peer = ?1))
        GROUP BY peer ORDER BY max(recency) DESC LIMIT ?2
      """, [.text(user), .integer(Int64(limit))]
    ) { peers.append($0.text(0)) }
    return peers
  }

  public func conversations(
    of user: String, before: MessageID?, limit: Int,
    then: @escaping @Sendable (Result<Page<Conversation>, StoreError>) -> Void
  ) {
    read(then) { connection throws(StoreError) in
      try ConversationQuery.conversations(of: user, before: before, limit: limit, connection)
    }
  }

  public func history(
    of user: String, with peer: String, before: MessageID?, limit: Int,
    then: @escaping @Sendable (Result<Page<StoredMessage>, StoreError>) -> Void
  ) {
    read(then) { connection throws(StoreError) in
      try ConversationQuery.history(of: user, with: peer, before: before, limit: limit, connection)
    }
  }

  public func search(
    _ request: SearchRequest, then: @escaping @Sendable (Result<[StoredMessage]?, StoreError>) -> Void
  ) {
    guard keepsSearchIndex else { return then(.success(nil)) }
    read(then) { connection throws(StoreError) in try SearchIndex.find(request, connection) }
  }

  public func links(of user: String, then: @escaping @Sendable (Result<[Link], StoreError>) -> Void) {
    read(then) { connection throws(StoreError) in try LinkQuery.links(of: user, connection) }
  }

  public func permits(
    _ requests: [PermitRequest], audience: Audience,
    then: @escaping @Sendable (Result<[Bool], StoreError>) -> Void
  ) {
    read(then) { connection throws(StoreError) in
      var permits: [Bool] = []
      for request in requests { permits.append(try LinkQuery.permits(request, audience, connection)) }
      return permits
    }
  }

  public func name(of user: String, then: @escaping @Sendable (Result<String?, StoreError>) -> Void) {
    read(then) { connection throws(StoreError) in
      var name: String?
      try connection.rows("SELECT coalesce(own_name, name) FROM users WHERE id = ?", [.text(user)]) {
        name = $0.optionalText(0)
      }
      return name
    }
  }

  public func devices(of user: String, then: @escaping @Sendable (Result<[Device], StoreError>) -> Void) {
    read(then) { connection throws(StoreError) in
      var devices: [Device] = []
      try connection.rows(
        "SELECT token, platform, since FROM devices WHERE user = ? ORDER BY since DESC, token", [.text(user)]
      ) { row in
        devices.append(
          Device(
            userID: user, token: row.text(0), platform: row.optionalText(1),
            lastSeen: Timestamp(milliseconds: row.integer(2))))
      }
      return devices
    }
  }

  public func undecidedPushes(
    notBefore oldest: MessageID, limit: Int,
    then: @escaping @Sendable (Result<[UndecidedPush], StoreError>) -> Void
  ) {
    read(then) { connection throws(StoreError) in
      try PushQuery.undecided(notBefore: oldest, limit: limit, connection)
    }
  }

  public func pushBacklog(
    service: String, upTo limit: Int, then: @escaping @Sendable (Result<PushBacklog, StoreError>) -> Void
  ) {
    read(then) { connection throws(StoreError) in
      try PushQuery.backlog(of: service, upTo: limit, connection)
    }
  }

  public func deadLetters(
    after: Int64?, limit: Int, then: @escaping @Sendable (Result<[DeadLetterSummary], StoreError>) -> Void
  ) {
    read(then) { connection throws(StoreError) in
      try DeadLetterQuery.summaries(after: after, limit: limit, connection)
    }
  }

  public func deadLetter(
    _ id: Int64, then: @escaping @Sendable (Result<StoredDeadLetter?, StoreError>) -> Void
  ) {
    read(then) { connection throws(StoreError) in try DeadLetterQuery.letter(id, connection) }
  }

  public func deadLetterCount(
    upTo limit: Int, then: @escaping @Sendable (Result<Int, StoreError>) -> Void
  ) {
    read(then) { connection throws(StoreError) in
      try DeadLetterQuery.count(upTo: limit, connection)
    }
  }

  public func revocations(then: @escaping @Sendable (Result<[Revocation], StoreError>) -> Void) {
    read(then) { connection throws(StoreError) in
      var revocations: [Revocation] = []
      try connection.rows(
        "SELECT id, tokens_not_before FROM users WHERE tokens_not_before IS NOT NULL"
      ) {
        revocations.append(
          Revocation(userID: $0.text(0), notBefore: Timestamp(milliseconds: $0.integer(1))))
      }
      return revocations
    }
  }
}

import Pipeline
public import Services

extension PostgresStore {
  public func sync(_ request: SyncRequest, then: @escaping @Sendable (Result<SyncPage, StoreError>) -> Void) {
    read({ FeedQuery.page(request) }, { FeedQuery.page(request, $0) }, then)
  }

  public func changes(
    _ request: FeedRequest, then: @escaping @Sendable (Result<FeedPage, StoreError>) -> Void
  ) {
    read({ FeedQuery.changes(request) }, { FeedQuery.changes($0, limit: request.limit) }, then)
  }

  public func stand(then: @escaping @Sendable (Result<Position, StoreError>) -> Void) {
    let horizon = horizon
    read(
      { FeedQuery.stand },
      { result in
        let stand = FeedQuery.stand(result)
        horizon.note(stand)
        return stand.horizon
      }, then)
  }

  public func peers(
    of users: [String], limit: Int, then: @escaping @Sendable (Result<[[String]], StoreError>) -> Void
  ) {
    // Of many users at once, since most of what this costs for one is to begin and end a statement.
    read(
      {
        PostgresStatement(
          """
          SELECT u.place - 1, p.peer FROM unnest($1::text[]) WITH ORDINALITY u(id, place), LATERAL (
              SELECT peer, max(recency) AS recency FROM (
                  SELECT high AS peer, last_message AS recency FROM conversations WHERE low = u.id
                  UNION ALL SELECT low, last_message FROM conversations WHERE high = u.id AND low <> u.id
                  UNION ALL SELECT peer, 0 FROM links WHERE user_id = u.id AND accepted
                ) s WHERE NOT is_blocked(u.id, s.peer)
                GROUP BY peer ORDER BY max(recency) DESC LIMIT $2
            ) p ORDER BY u.place, p.recency DESC
          """, [.texts(users), .integer(Int64(limit))])
      },
      { result in
        var peers = [[String]](repeating: [], count: users.count)
        for row in result.rows { peers[Int(result.integer(row, 0))].append(result.text(row, 1)) }
        return peers
      }, then)
  }

  public func conversations(
    of user: String, before: MessageID?, limit: Int,
    then: @escaping @Sendable (Result<Page<Conversation>, StoreError>) -> Void
  ) {
    read(
      { ConversationQuery.conversations(of: user, before: before, limit: limit) },
      { ConversationQuery.conversations($0, limit: limit) }, then)
  }

  public func history(
    of user: String, with peer: String, before: MessageID?, limit: Int,
    then: @escaping @Sendable (Result<Page<StoredMessage>, StoreError>) -> Void
  ) {
    read(
      { ConversationQuery.history(of: user, with: peer, before: before, limit: limit) },
      { ConversationQuery.history($0, limit: limit) }, then)
  }

  public func search(
    _ request: SearchRequest, then: @escaping @Sendable (Result<[StoredMessage]?, StoreError>) -> Void
  ) {
    guard keepsSearchIndex else { return then(.success(nil)) }
    guard !SearchIndex.expression(for: request.text).isEmpty else { return then(.success([])) }
    read(
      { SearchIndex.find(request) }, { result in result.rows.map { StoredMessage(result, $0) } }, then)
  }

  public func links(of user: String, then: @escaping @Sendable (Result<[Link], StoreError>) -> Void) {
    read(
      {
        PostgresStatement(
          """
          SELECT peer, 2::bigint, true, since FROM blocks WHERE user_id = $1
            UNION ALL SELECT peer, accepted::int::bigint, outgoing, since FROM links WHERE user_id = $1
            ORDER BY 4 DESC LIMIT 10000
          """, [.text(user)])
      }, { result in result.rows.map { Link(result, $0) } }, then)
  }

  public func permits(
    _ requests: [PermitRequest], audience: Audience,
    then: @escaping @Sendable (Result<[Bool], StoreError>) -> Void
  ) {
    read(
      {
        PostgresStatement(
          """
          SELECT is_permitted(g.one, g.other, $3)
            FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS g(one, other, n) ORDER BY g.n
          """,
          [
            .texts(requests.map(\.userID)), .texts(requests.map(\.peerID)), .bool(audience == .connections),
          ])
      }, { result in result.rows.map { result.bool($0, 0) } }, then)
  }

  public func name(of user: String, then: @escaping @Sendable (Result<String?, StoreError>) -> Void) {
    read(
      { PostgresStatement("SELECT coalesce(own_name, name) FROM users WHERE id = $1", [.text(user)]) },
      { result in result.rows.first.flatMap { result.optionalText($0, 0) } }, then)
  }

  public func devices(of user: String, then: @escaping @Sendable (Result<[Device], StoreError>) -> Void) {
    read(
      {
        PostgresStatement(
          "SELECT token, platform, since FROM devices WHERE user_id = $1 ORDER BY since DESC, token",
          [.text(user)])
      },
      { result in
        result.rows.map {
          Device(
            userID: user, token: result.text($0, 0), platform: result.optionalText($0, 1),
            lastSeen: Timestamp(milliseconds: result.integer($0, 2)))
        }
      }, then)
  }

  public func revocations(then: @escaping @Sendable (Result<[Revocation], StoreError>) -> Void) {
    read(
      {
        PostgresStatement(
          "SELECT id, tokens_not_before FROM users WHERE tokens_not_before IS NOT NULL ORDER BY id")
      },
      { result in
        result.rows.map {
          Revocation(
            userID: result.text($0, 0), notBefore: Timestamp(milliseconds: result.integer($0, 1)))
        }
      }, then)
  }

  public func deadLetters(
    after: Int64?, limit: Int, then: @escaping @Sendable (Result<[DeadLetterSummary], StoreError>) -> Void
  ) {
    read(
      { DeadLetterQuery.summaries(after: after, limit: limit) }, { DeadLetterQuery.summaries($0) }, then)
  }

  public func deadLetter(
    _ id: Int64, then: @escaping @Sendable (Result<StoredDeadLetter?, StoreError>) -> Void
  ) {
    read({ DeadLetterQuery.letter(id) }, { DeadLetterQuery.letter(id, $0) }, then)
  }

  public func deadLetterCount(
    upTo limit: Int, then: @escaping @Sendable (Result<Int, StoreError>) -> Void
  ) {
    read(
      {
        PostgresStatement(
          "SELECT count(*) FROM (SELECT FROM dead_letters LIMIT $1) d", [.integer(Int64(limit))])
      }, { Int($0.integer(0, 0)) }, then)
  }

  public func undecidedPushes(
    notBefore oldest: MessageID, limit: Int,
    then: @escaping @Sendable (Result<[UndecidedPush], StoreError>) -> Void
  ) {
    read(
      { PushQuery.undecided(notBefore: oldest, limit: limit) },
      { PushQuery.undecided($0) }, then)
  }

  public func pushBacklog(
    service: String, upTo limit: Int, then: @escaping @Sendable (Result<PushBacklog, StoreError>) -> Void
  ) {
    read({ PushQuery.backlog(of: service, upTo: limit) }, { PushQuery.backlog($0) }, then)
  }
}

import Pipeline
import Services

/// Reads pages of the feed of changes. Each statement also tells how far the feed is complete in the same snapshot.
enum FeedQuery {
  /// The sides of one union, each from an index of its own; a message to oneself is on the first side only.
  static func page(_ request: SyncRequest) -> PostgresStatement {
    var place = FeedPlace(0)
    var since: Int64?
    switch request.start {
    case .beginning: break
    case .after(let after): place = after
    // The clocks of nodes are not quite the same; starting early repeats, and skips nothing.
    case .since(let moment): since = moment.milliseconds - 5000
    }
    return PostgresStatement(
      """
      WITH start AS MATERIALIZED (
        SELECT greatest($2, CASE WHEN $3::bigint IS NULL THEN 0 ELSE coalesce(
          (SELECT o.position FROM moments o WHERE o.at < $3 ORDER BY o.at DESC LIMIT 1), 0) END) AS position
      )
      SELECT feed_horizon(), (SELECT position FROM start), m.id, m.sender, coalesce(u.own_name, u.name), m.receiver,
          m.content, m.metadata, m.reply_to, m.version, m.position, m.delivered_at, m.read_at, m.edited_at,
          m.deleted_at
        FROM (SELECT 1) one LEFT JOIN (
          (SELECT * FROM messages WHERE sender = $1 AND position > (SELECT position FROM start)
            ORDER BY position LIMIT $4)
          UNION ALL
          (SELECT * FROM messages WHERE receiver = $1 AND sender <> $1 AND position > (SELECT position FROM start)
            ORDER BY position LIMIT $4)
        ) m ON true LEFT JOIN users u ON u.id = m.sender
        ORDER BY m.position LIMIT $4
      """,
      [
        .text(request.userID), .integer(place.seen), since.map { .integer($0) } ?? .null,
        .integer(Int64(request.limit + 1)),
      ])
  }

  /// What can be seen past the horizon is on the page too. While there are more pages the reader goes on behind them; the
  /// last page takes it back to where the feed was complete when its first was read, so that some of it comes again.
  static func page(_ request: SyncRequest, _ result: PostgresResult) -> SyncPage {
    let horizon = UInt64(bitPattern: result.integer(0, 0))
    let start = UInt64(bitPattern: result.integer(0, 1))
    var messages = result.rows.filter { !result.isNull($0, 2) }.map { StoredMessage(result, $0, from: 2) }
    let hasMore = messages.count > request.limit
    if hasMore { messages.removeLast() }
    let last = messages.last?.position ?? start
    // What a reader who is past it has not seen of the feed stays unseen, however far it has become complete since.
    var complete = start
    var isBehind = false
    if case .after(let place) = request.start, place.seen > place.complete {
      complete = place.complete
      // Since the first page was read, something may have become final that no page has shown.
      isBehind = complete < horizon
    } else {
      complete = max(start, hasMore ? min(last, horizon) : horizon)
    }
    return SyncPage(
      messages: messages, place: FeedPlace(complete: complete, seen: hasMore ? last : complete),
      hasMore: hasMore || isBehind)
  }

  /// Where the feed stands: what is final, what has begun, and each transaction that is under way.
  ///
  /// Asked for whoever connects: so it has what `feed_horizon()` and `feed_frontier()` do written out, since a function of
  /// SQL is planned anew by each statement that calls it.
  static var stand: PostgresStatement {
    PostgresStatement(
      """
      SELECT ((pg_snapshot_xmin(s.now)::text::bigint + meta.transaction_offset) << 20) - 1,
          (pg_snapshot_xmax(s.now)::text::bigint + meta.transaction_offset) << 20,
          (x.number::text::bigint + meta.transaction_offset) << 20
        FROM meta CROSS JOIN pg_current_snapshot() AS s(now)
          LEFT JOIN LATERAL pg_snapshot_xip(s.now) AS x(number) ON true
        ORDER BY 3
      """)
  }

  static func stand(_ result: PostgresResult) -> FeedStand {
    FeedStand(
      horizon: UInt64(bitPattern: result.integer(0, 0)), frontier: UInt64(bitPattern: result.integer(0, 1)),
      open: result.rows.compactMap { result.optionalInteger($0, 2) }.map { base in
        UInt64(bitPattern: base)...UInt64(bitPattern: base) + UInt64(Slots.limit)
      })
  }

  /// The feed of all users. A message that was stored in this part and changed behind it is in it too: its later
  /// place would hide that it is new.
  ///
  /// What this node has told of itself is left out here, or most of what is read would be that. A transaction's changes are all
  /// of one node, so their transactions are enough to know them by. What became of a message before this part was in the
  /// part before it or, other than that it was stored, may have been hidden there by what became of it since.
  static func changes(_ request: FeedRequest) -> PostgresStatement {
    let told = transactions(of: request.told)
    let others = parts(of: request, without: told)
    return PostgresStatement(
      """
      SELECT (SELECT feed_horizon()), (SELECT feed_frontier()), m.born, m.id, m.sender, coalesce(u.own_name, u.name),
          m.receiver, m.content, m.metadata, m.reply_to, m.version, m.position, m.delivered_at, m.read_at, m.edited_at,
          m.deleted_at, m.delivered_position, m.read_position, m.edited_position, m.deleted_position,
          m.delivered_version, m.read_version, m.edited_version, m.deleted_version
        FROM (SELECT 1) one LEFT JOIN (
          (SELECT * FROM messages
            WHERE position > greatest($1::bigint, $3::bigint) AND position <= $2 AND NOT (
              (born <= $1 OR born >> 20 IN (SELECT unnest($5::bigint[])))
              AND coalesce(delivered_position >> 20 IN (SELECT unnest($5::bigint[])), true)
              AND coalesce(read_position >> 20 IN (SELECT unnest($5::bigint[])), true)
              AND coalesce(edited_position >> 20 IN (SELECT unnest($5::bigint[])), true)
              AND coalesce(deleted_position >> 20 IN (SELECT unnest($5::bigint[])), true))
            ORDER BY position LIMIT $4)
          UNION ALL
          -- Found by when they were stored, not by the order that they are wanted in, and among those that were changed since.
          (SELECT m.* FROM unnest($6::bigint[], $7::bigint[]) AS part(behind, upto) CROSS JOIN LATERAL (
              SELECT * FROM messages WHERE born > part.behind AND born <= part.upto AND position <> born
                AND position > greatest($2::bigint, $3::bigint) OFFSET 0) m
            ORDER BY m.position LIMIT $4)
          ORDER BY position LIMIT $4
        ) m ON true LEFT JOIN users u ON u.id = m.sender
        ORDER BY m.position
      """,
      [
        .integer(request.start), .integer(request.end ?? UInt64(Int64.max)), .integer(request.page),
        .integer(Int64(request.limit + 1)), .integers(told), .integers(others.map(\.behind)),
        .integers(others.map(\.upTo)),
      ])
  }

  /// The numbers of the transactions that positions belong to: what comes before the 20 bits that count within each.
  private static func transactions(of ranges: [ClosedRange<Position>]) -> [Int64] {
    var numbers: [Int64] = []
    for range in ranges {
      for number in Int64(range.lowerBound >> 20)...Int64(range.upperBound >> 20) where numbers.last != number
      {
        numbers.append(number)
      }
    }
    return numbers
  }

  /// What lies between transactions in a part of the feed that ends somewhere; behind one that does not, nothing is changed.
  ///
  /// - Parameter numbers: Those of the transactions, in their order.
  static func parts(of request: FeedRequest, without numbers: [Int64]) -> [(behind: Int64, upTo: Int64)] {
    guard let end = request.end.map({ Int64(bitPattern: $0) }) else { return [] }
    var parts: [(behind: Int64, upTo: Int64)] = []
    var behind = Int64(bitPattern: request.start)
    for number in numbers {
      let before = min((number << 20) - 1, end)
      if behind < before { parts.append((behind, before)) }
      behind = max(behind, ((number + 1) << 20) - 1)
    }
    if behind < end { parts.append((behind, end)) }
    return parts
  }

  static func changes(_ result: PostgresResult, limit: Int) -> FeedPage {
    var entries = result.rows.filter { !result.isNull($0, 3) }.map { row in
      FeedPage.Entry(StoredMessage(result, row, from: 3), places(result, row))
    }
    let hasMore = entries.count > limit
    if hasMore { entries.removeLast() }
    return FeedPage(
      entries: entries, hasMore: hasMore, horizon: UInt64(bitPattern: result.integer(0, 0)),
      frontier: UInt64(bitPattern: result.integer(0, 1)))
  }

  private static func places(_ result: PostgresResult, _ row: Int) -> FeedPage.Places {
    func place(_ index: Int) -> FeedPage.Place? {
      let column = 3 + StoredMessage.columnCount + index
      guard let position = result.optionalInteger(row, column) else { return nil }
      return FeedPage.Place(UInt64(bitPattern: position), version: Int(result.integer(row, column + 4)))
    }
    return FeedPage.Places(
      born: UInt64(bitPattern: result.integer(row, 2)), delivered: place(0), read: place(1), edited: place(2),
      deleted: place(3))
  }
}

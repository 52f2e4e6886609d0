import ContractTests
import Pipeline
import Services
import Testing

@testable import PostgresStore

/// The feed when several transactions are under way at once, held open, committed out of order and rolled back.
@Suite("The feed of several writers has no gaps", .serialized)
struct SharedFeedTests {
  /// A server of its own: a transaction that is held open holds the horizon of all databases of a server.
  private static let server = Result { try PostgresServer() }
  private let ids = MessageIDGenerator()

  private func message(_ tempID: String, from: String = "a", to: String = "b") -> StoreWrite {
    .message(NewMessage(id: ids.next(), senderID: from, tempID: tempID, receiverID: to, content: tempID))
  }

  /// A transaction of another node's that stores a message and stays open.
  private func held(_ url: String, _ tempID: String) throws -> PostgresConnection {
    let other = try PostgresConnection(try PostgresURL(url), patience: .seconds(5))
    let id = ids.next().rawValue
    try other.execute(
      """
      BEGIN; SELECT * FROM store_messages(ARRAY[\(id)::bigint], ARRAY['x'], ARRAY['\(tempID)'], ARRAY['b'],
        ARRAY['\(tempID)'], ARRAY[NULL::text], ARRAY[NULL::bigint], ARRAY[1::bigint], ARRAY[false]);
      """)
    return other
  }

  /// The contents of what a node finds in a part of the feed that it has not told of itself.
  private func untold(_ store: PostgresStore, after start: Position, upTo end: Position?) async throws
    -> [String]
  {
    let request = FeedRequest(after: start, upTo: end, limit: 10, told: store.horizon.own(after: start))
    return try await withCheckedContinuation { next in
      store.changes(request) { next.resume(returning: $0) }
    }.get().entries.map(\.message.content)
  }

  @Test("What commits late comes later than every cursor that was given out meanwhile")
  func lateCommit() async throws {
    let url = try Self.server.get().database()
    let store = try openStore(url)
    _ = await store.write([message("first")])
    let other = try held(url, "late")
    _ = await store.write([message("second")])
    let page = try await store.sync(SyncRequest(userID: "b", start: .beginning))
    #expect(page.messages.map(\.content) == ["first", "second"])
    try other.execute("COMMIT")
    let next = try await store.sync(SyncRequest(userID: "b", start: .after(page.place)))
    #expect(next.messages.map(\.content) == ["late", "second"])
    let rest = try await store.sync(SyncRequest(userID: "b", start: .after(next.place)))
    #expect(rest.messages.isEmpty && !rest.hasMore)
    await store.close()
  }

  @Test("A transaction that hangs keeps nothing from being read, in pages too, and a rollback leaves no gap")
  func hangs() async throws {
    let url = try Self.server.get().database()
    let store = try openStore(url)
    let other = try held(url, "never")
    for number in 0..<7 { _ = await store.write([message("\(number)")]) }
    let (all, place) = try await pages(of: store, from: .beginning)
    #expect(all == (0..<7).map(String.init))
    // They come again, since one before them may still be committed.
    #expect(try await pages(of: store, from: .after(place)).contents == all)
    try other.execute("ROLLBACK")
    let (again, end) = try await pages(of: store, from: .after(place))
    #expect(again == all)
    #expect(try await pages(of: store, from: .after(end)).contents.isEmpty)
    await store.close()
  }

  @Test("What becomes final between two pages is on a page before the reader is told that there is no more")
  func finalMeanwhile() async throws {
    let url = try Self.server.get().database()
    let store = try openStore(url)
    let other = try held(url, "late")
    for number in 0..<5 { _ = await store.write([message("\(number)")]) }
    let first = try await store.sync(SyncRequest(userID: "b", start: .beginning, limit: 3))
    #expect(first.messages.map(\.content) == ["0", "1", "2"] && first.hasMore)
    try other.execute("COMMIT")
    let (rest, end) = try await pages(of: store, from: .after(first.place))
    #expect(rest.contains("late") && rest.suffix(2) == ["3", "4"])
    #expect(try await pages(of: store, from: .after(end)).contents.isEmpty)
    await store.close()
  }

  @Test("Two nodes have different numbers, and a send that comes to both is stored once")
  func twoNodes() async throws {
    let url = try Self.server.get().database()
    let (one, two) = (try openStore(url), try openStore(url))
    #expect(one.nodeNumber != two.nodeNumber && one.epoch == two.epoch)
    let writes = (0..<40).map { message("t\($0 % 10)") }
    let results = await withTaskGroup { tasks in
      for (index, write) in writes.enumerated() {
        tasks.addTask { await (index % 2 == 0 ? one : two).write([write])[0] }
      }
      return await tasks.reduce(into: [WriteResult]()) { $0.append($1) }
    }
    let stored = results.filter { if case .stored = $0 { true } else { false } }
    let repeated = results.filter {
      if case .refused(let rejection) = $0 {
        rejection.code == .invalidEvent
      } else if case .duplicate = $0 {
        true
      } else {
        false
      }
    }
    #expect(stored.count == 10 && repeated.count == 30)
    #expect(try await two.sync(SyncRequest(userID: "a", start: .beginning)).messages.count == 10)
    await one.close()
    await two.close()
  }

  @Test("Who reads up to a message that another device is just reading is told when that was")
  func readTwice() async throws {
    let url = try Self.server.get().database()
    let store = try openStore(url)
    guard case .stored(let id, _) = await store.write([message("1")])[0] else { return #expect(Bool(false)) }
    let other = try PostgresConnection(try PostgresURL(url), patience: .seconds(5))
    try other.execute("BEGIN; SELECT * FROM read_up_to(\(id.rawValue), 'b', 7, 0);")
    let receipt = Receipt(.read, by: "b", of: .upTo(id), at: Timestamp(milliseconds: 9))
    async let result = store.write([.receipt(receipt)])[0]
    let watcher = try PostgresConnection(try PostgresURL(url), patience: .seconds(60))
    try watcher.execute(
      """
      DO $$ BEGIN
        WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted) LOOP PERFORM pg_sleep(0.001); END LOOP;
      END $$;
      """)
    try other.execute("COMMIT")
    guard case .changed(let changes) = await result else { return #expect(Bool(false)) }
    #expect(changes.map(\.at) == [Timestamp(milliseconds: 7)])
    #expect(changes.map(\.version) == [2] && changes.map(\.position) == [nil])
    await store.close()
  }

  @Test("A message that was changed after its part of the feed is found in that part all the same")
  func changedSince() async throws {
    let store = try openStore(try Self.server.get().database())
    let start = store.horizon.position
    guard case .stored(let id, let born) = await store.write([message("1")])[0] else {
      return #expect(Bool(false))
    }
    let end = try await stand(store)
    let edit = Revision(.edit(content: "later"), of: id, by: "a", at: Timestamp(milliseconds: 1))
    _ = await store.write([.revision(edit)])
    let page = try await withCheckedContinuation { next in
      store.changes(FeedRequest(after: start, upTo: end, limit: 10)) { next.resume(returning: $0) }
    }.get()
    #expect(page.entries.map(\.places.born) == [born] && page.entries[0].message.content == "later")
    #expect(page.entries[0].places.edited?.position == page.entries[0].message.position)
    #expect(page.entries[0].message.position > end)
    await store.close()
  }

  @Test("Of what a node has told itself only that is found to which another node has done something")
  func told() async throws {
    let url = try Self.server.get().database()
    let store = try openStore(url)
    let other = try openStore(url)
    let start = store.horizon.position
    func read(_ told: [ClosedRange<Position>], limit: Int = 10) async throws -> [String] {
      let request = FeedRequest(after: start, upTo: nil, limit: limit, told: told)
      return try await withCheckedContinuation { next in
        store.changes(request) { next.resume(returning: $0) }
      }.get().entries.map(\.message.content)
    }
    func delivered(_ id: MessageID, by store: PostgresStore) async -> WriteResult {
      let receipt = Receipt(.delivered, by: "b", of: .messages([id]), at: Timestamp(milliseconds: 1))
      return await store.write([.receipt(receipt)])[0]
    }
    var ids: [MessageID] = []
    for result in await store.write(["own", "read by us", "read by them"].map { message($0) }) {
      if case .stored(let id, _) = result { ids.append(id) }
    }
    _ = await other.write([message("theirs"), message("theirs, read by us", from: "c")])
    let theirs = try await store.sync(SyncRequest(userID: "c", start: .beginning)).messages[0].id
    guard case .changed = await delivered(ids[1], by: store),
      case .changed = await delivered(theirs, by: store),
      case .changed = await delivered(ids[2], by: other)
    else { return #expect(Bool(false), "a receipt was refused") }
    let own = store.horizon.own(after: start)
    #expect(own.count == 3)
    #expect(
      try await read([]).sorted() == ["own", "read by them", "read by us", "theirs", "theirs, read by us"])
    #expect(try await read(own).sorted() == ["read by them", "theirs", "theirs, read by us"])
    // Of those left out nothing stands in the way of a page.
    #expect(try await read(own, limit: 3).count == 3)
    await store.close()
    await other.close()
  }

  @Test(
    "What a node has done to messages from before a part is left out of it, but not what that hides of others"
  )
  func toldOfOlder() async throws {
    let url = try Self.server.get().database()
    let (store, other) = (try openStore(url), try openStore(url))
    _ = await other.write([message("quiet"), message("read"), message("hidden")])
    let ids = try await store.sync(SyncRequest(userID: "b", start: .beginning)).messages.map(\.id)
    let start = try await stand(store)
    func receipt(_ kind: Receipt.Kind, _ id: MessageID, by store: PostgresStore) async -> WriteResult {
      await store.write([
        .receipt(Receipt(kind, by: "b", of: .messages([id]), at: Timestamp(milliseconds: 1)))
      ])[0]
    }
    guard case .changed = await receipt(.read, ids[1], by: store),
      case .changed = await receipt(.delivered, ids[2], by: other)
    else { return #expect(Bool(false), "a receipt was refused") }
    // Of this part the receipt is the latest only until the next one has hidden it.
    let middle = try await stand(store)
    guard case .changed = await receipt(.read, ids[2], by: store) else {
      return #expect(Bool(false), "a receipt was refused")
    }
    #expect(try await untold(store, after: start, upTo: middle) == [])
    #expect(try await untold(store, after: middle, upTo: nil) == ["hidden"])
    await store.close()
    await other.close()
  }

  @Test(
    "What a node has stored itself and others have changed behind a part is not of that part; what others stored is"
  )
  func changedBehind() async throws {
    let url = try Self.server.get().database()
    let (store, other) = (try openStore(url), try openStore(url))
    let start = try await stand(store)
    var ids: [MessageID] = []
    for (writer, content) in [(store, "own"), (other, "theirs"), (store, "own too"), (other, "theirs too")] {
      if case .stored(let id, _) = await writer.write([message(content)])[0] { ids.append(id) }
    }
    #expect(ids.count == 4)
    let end = try await stand(store)
    for (id, reader) in zip(ids, [store, store, other, other]) {
      let receipt = Receipt(.read, by: "b", of: .messages([id]), at: Timestamp(milliseconds: 1))
      _ = await reader.write([.receipt(receipt)])
    }
    #expect(try await untold(store, after: start, upTo: end) == ["theirs", "theirs too"])
    #expect(try await untold(store, after: end, upTo: nil) == ["own too", "theirs too"])
    await store.close()
    await other.close()
  }

  @Test("Of each kind of change a node knows the places that it has taken for its own")
  func ownPlaces() async throws {
    let store = try openStore(try Self.server.get().database())
    let start = store.horizon.position
    let now = Timestamp(milliseconds: 1)
    var results = await store.write(["1", "2", "3", "4", "5"].map { message($0) })
    let ids = results.compactMap { if case .stored(let id, _) = $0 { id } else { nil } }
    try #require(ids.count == 5)
    for change: StoreWrite in [
      .receipt(Receipt(.delivered, by: "b", of: .messages([ids[0]]), at: now)),
      .receipt(Receipt(.read, by: "b", of: .messages([ids[0], ids[1]]), at: now)),
      .receipt(Receipt(.read, by: "b", of: .upTo(ids[3]), at: now)),
      .revision(Revision(.edit(content: "x"), of: ids[2], by: "a", at: now)),
      .erase(userID: "a", at: now),
    ] {
      let result = await store.write([change])
      #expect(!result.positions.isEmpty, "\(change) has changed nothing")
      results += result
    }
    let own = store.horizon.own(after: start)
    for position in results.positions { #expect(own.contains { $0.contains(position) }) }
    await store.close()
  }

  @Test("What others have done in a part of the feed lies between the transactions of this node")
  func partsOfOthers() {
    func parts(_ start: UInt64, _ end: UInt64?, _ numbers: [Int64]) -> [[Int64]] {
      let request = FeedRequest(after: start, upTo: end, limit: 1)
      return FeedQuery.parts(of: request, without: numbers).map { [$0.behind, $0.upTo] }
    }
    let size: UInt64 = 1 << 20
    #expect(parts(0, nil, [3]) == [])
    #expect(parts(5, 5, []) == [])
    #expect(parts(5, 9, []) == [[5, 9]])
    let all = parts(size / 2, 9 * size + 7, [1, 2, 5, 8, 9, 12])
    let expected: [[UInt64]] = [
      [size / 2, size - 1], [3 * size - 1, 5 * size - 1], [6 * size - 1, 8 * size - 1],
    ]
    #expect(all == expected.map { $0.map { Int64($0) } })
    // One that begins or ends within a transaction of this node, or between two of them.
    #expect(parts(2 * size + 3, 2 * size + 9, [2]) == [])
    #expect(parts(2 * size + 3, 4 * size, [2, 5]) == [[3 * Int64(size) - 1, 4 * Int64(size)]])
  }

  @Test("Where the feed stands tells what is still under way from what was made behind it")
  func standWithOpen() async throws {
    let url = try Self.server.get().database()
    let store = try openStore(url)
    let other = try held(url, "late")
    guard case .stored(_, let made) = await store.write([message("made")])[0] else {
      return #expect(Bool(false))
    }
    let horizon = try await stand(store)
    let joining = store.horizon.joining.stand
    try other.execute("COMMIT")
    guard case .stored(_, let next) = await store.write([message("next")])[0] else {
      return #expect(Bool(false))
    }
    let late = try await store.sync(SyncRequest(userID: "x", start: .beginning)).messages[0].position
    #expect(horizon < late && late < made && made < next)
    #expect([late, made, next].map { joining.holds($0) } == [false, true, false])
    await store.close()
  }

  /// What pages of three hold, from a place to the end, and where that is.
  private func pages(
    of store: PostgresStore, from start: SyncRequest.Start
  ) async throws -> (contents: [String], place: FeedPlace) {
    var (contents, start) = ([String](), start)
    while true {
      let page = try await store.sync(SyncRequest(userID: "b", start: start, limit: 3))
      contents += page.messages.map(\.content)
      guard page.hasMore else { return (contents, page.place) }
      start = .after(page.place)
    }
  }

  private func stand(_ store: PostgresStore) async throws -> Position {
    try await withCheckedContinuation { next in store.stand { next.resume(returning: $0) } }.get()
  }
}

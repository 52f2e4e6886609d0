import ContractTests
import Foundation
import Pipeline
import Services
import Testing

@testable import PostgresStore

/// A table of a million messages: what the server does for each question is read from its own log.
@Suite("A million messages")
struct MillionMessagesTests {
  private static let fill = """
    INSERT INTO sluice.messages (id, conversation, sender, receiver, content, position, born, read_at)
      SELECT (ms << 22) + n, sluice.conversation_of(s, r), s, r, 'message ' || n, n, n,
          CASE WHEN n % 10 > 0 THEN 1 END
        FROM (
          SELECT n, 80000000000 + n * 5 AS ms, 'u' || n % 5000 AS s, 'u' || (n * 7 + 1) % 5000 AS r
            FROM generate_series(1::bigint, 1000000) n
        ) g;
    INSERT INTO sluice.conversations (id, low, high, last_message)
      SELECT conversation, least(min(sender), min(receiver)), greatest(max(sender), max(receiver)), max(id)
        FROM sluice.messages GROUP BY conversation;
    VACUUM ANALYZE sluice.messages;
    VACUUM ANALYZE sluice.conversations;
    """

  @Test("No question reads a table from end to end, and a page of a hundred messages takes under 10 ms")
  func plans() async throws {
    let server = try PostgresServer()
    let url = try server.database()
    await (try openStore(url)).close()
    for statement in Self.fill.split(separator: ";") where statement.contains(" ") {
      try server.sql(String(statement), in: url)
    }
    for setting in [
      "session_preload_libraries = 'auto_explain'", "auto_explain.log_min_duration = 0",
      "auto_explain.log_analyze = on", "auto_explain.log_nested_statements = on",
    ] {
      let name = try #require(url.split(separator: "/").last)
      try server.sql("ALTER DATABASE \(name) SET \(setting)")
    }
    let store = try openStore(url)
    try await ask(store)
    // Again, with what was read in memory.
    let mark = server.log.count
    try await ask(store)
    await store.close()
    let log = String(server.log.dropFirst(mark))
    #expect(log.contains("Index"), "nothing was explained")
    for line in log.split(separator: "\n") where line.contains("Seq Scan on") {
      // The one row that describes the store is no table to speak of.
      #expect(line.contains("Seq Scan on meta"), "\(line)")
    }
    let page = try #require(Self.duration(of: "WITH start AS", in: log))
    #expect(page < 10, "a page took \(page) ms")
  }

  /// All that clients can ask, and what follows from a message.
  private func ask(_ store: PostgresStore) async throws {
    let page = try await store.sync(SyncRequest(userID: "u42", start: .after(FeedPlace(900_000)), limit: 100))
    #expect(page.messages.count > 30)
    #expect(
      try await store.sync(SyncRequest(userID: "u42", start: .beginning, limit: 100)).messages.count == 100)
    let conversations = try await store.conversations(of: "u42", limit: 20)
    let first = try #require(conversations.entries.first)
    _ = try await store.history(of: "u42", with: first.peerID, limit: 50)
    _ = try await store.peers(of: ["u42", "u43"])
    _ = try await store.permits([PermitRequest(from: "u1", to: "u2")], audience: .connections)
    let ids = MessageIDGenerator(above: store.highestMessageID)
    let sent = (0..<20).map { number in
      NewMessage(
        id: ids.next(), senderID: "u\(number)", tempID: UUID().uuidString, receiverID: "u42", content: "new",
        replyTo: number == 0 ? page.messages.last?.id : nil)
    }
    _ = await store.write(sent.map { .message($0) })
    let now = Timestamp(milliseconds: 1)
    _ = await store.write([
      .receipt(Receipt(.delivered, by: "u42", of: .messages(Few(sent.dropFirst(2).map(\.id))), at: now)),
      .receipt(Receipt(.delivered, by: "u42", of: .messages([sent[0].id]), at: now)),
      .receipt(Receipt(.read, by: "u42", of: .messages([sent[0].id]), at: now)),
      .receipt(Receipt(.read, by: "u42", of: .upTo(sent[3].id), at: now)),
      .revision(Revision(.edit(content: "x"), of: sent[4].id, by: "u4", at: now)),
    ])
    let position = store.horizon.position
    for request in [
      FeedRequest(after: position, upTo: nil, limit: 100),
      FeedRequest(after: 900_000, upTo: 900_500, limit: 100),
      FeedRequest(after: 900_000, upTo: position, limit: 100, told: store.horizon.own(after: 900_000)),
    ] {
      _ = try await withCheckedContinuation { next in store.changes(request) { next.resume(returning: $0) } }
        .get()
    }
  }

  /// How long the statement took that holds a text, in milliseconds: the longest of them.
  private static func duration(of text: String, in log: String) -> Double? {
    log.components(separatedBy: "duration: ").dropFirst().filter { $0.contains(text) }
      .compactMap { entry in entry.split(separator: " ").first.flatMap { Double($0) } }.max()
  }
}

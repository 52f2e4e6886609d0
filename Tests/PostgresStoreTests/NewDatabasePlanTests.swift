import ContractTests
import Pipeline
import Services
import Testing

@testable import PostgresStore

/// What the server does in a database that it knows nothing of yet, where a user has received 500 messages: what names one
/// of them looks at that one.
@Suite("Plans in a new database")
struct NewDatabasePlanTests {
  private let server: PostgresServer
  private let store: PostgresStore
  private let sent: [NewMessage]

  init() async throws {
    server = try PostgresServer()
    let url = try server.database()
    await (try openStore(url)).close()
    let name = try #require(url.split(separator: "/").last)
    for setting in [
      "session_preload_libraries = 'auto_explain'", "auto_explain.log_min_duration = 0",
      "auto_explain.log_analyze = on", "auto_explain.log_nested_statements = on",
    ] { try server.sql("ALTER DATABASE \(name) SET \(setting)", in: url) }
    store = try openStore(url)
    let ids = MessageIDGenerator()
    sent = (0..<500).map {
      NewMessage(id: ids.next(), senderID: "a", tempID: "\($0)", receiverID: "b", content: "hi")
    }
    _ = await store.write(sent.map { .message($0) })
  }

  @Test("A receipt")
  func receipts() async throws {
    let mark = server.log.count
    func say(_ kind: Receipt.Kind, of message: NewMessage) -> StoreWrite {
      .receipt(Receipt(kind, by: "b", of: .messages([message.id]), at: Timestamp(milliseconds: 1)))
    }
    _ = await store.write(sent.suffix(10).flatMap { [say(.delivered, of: $0), say(.read, of: $0)] })
    // What was said already is looked up.
    _ = await store.write(sent.suffix(20).map { say(.read, of: $0) })
    try await expectFewRows(after: mark, of: "Update on messages")
  }

  @Test("A push that is due")
  func pushes() async throws {
    _ = await store.write([.addDevice(Device(userID: "b", token: "phone"))])
    let mark = server.log.count
    _ = await store.write(
      sent.suffix(20).map { .push(DuePush($0.id, to: "b", service: "fcm", reach: .devices)) })
    try await expectFewRows(after: mark, of: "Insert on push_jobs")
  }

  /// Expects that no statement that was explained since went through more of the messages than it was about.
  private func expectFewRows(after mark: Int, of statement: String) async throws {
    await store.close()
    let log = String(server.log.dropFirst(mark))
    #expect(log.contains(statement), "nothing was explained")
    let scan = #/Scan[^\n]* on messages[^\n]*\(actual time=\S+ rows=(\d+) loops=(\d+)\)/#
    let scans = log.matches(of: scan)
    #expect(!scans.isEmpty)
    for scan in scans {
      #expect((Int(scan.1) ?? .max) <= 1 && (Int(scan.2) ?? .max) <= 20, "\(scan.0)")
    }
    // Rows that an index gives in vain are looked at too.
    for match in log.matches(of: #/Rows Removed by (?:Join )?Filter: (\d+)/#) {
      #expect((Int(match.1) ?? .max) <= 20, "\(match.0)")
    }
  }
}

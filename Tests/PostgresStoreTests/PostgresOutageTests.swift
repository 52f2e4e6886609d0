import ContractTests
import Pipeline
import Services
import Testing

@testable import PostgresStore

/// What becomes of changes when the server, the connection or a single row fails.
@Suite("PostgreSQL in trouble")
struct PostgresOutageTests {
  private let ids = MessageIDGenerator()

  private func message(_ tempID: String, id: MessageID? = nil) -> NewMessage {
    NewMessage(id: id ?? ids.next(), senderID: "a", tempID: tempID, receiverID: "b", content: tempID)
  }

  @Test("A row that the database refuses fails alone, and the others keep their order")
  func badRow() async throws {
    let store = try openStore(options: PostgresOptions(writers: 1, readers: 1))
    let taken = message("taken")
    _ = await store.write([.message(taken)])
    let batch = (0..<9).map { message("\($0)", id: $0 == 4 ? taken.id : nil) }
    let results = await store.write(batch.map { .message($0) })
    for (index, result) in results.enumerated() {
      switch (index, result) {
      case (4, .unavailable), (0..<4, .stored), (5..., .stored): break
      default: #expect(Bool(false), "\(index): \(result)")
      }
    }
    let contents = try await store.sync(SyncRequest(userID: "b", start: .beginning)).messages.map(\.content)
    #expect(contents == ["taken", "0", "1", "2", "3", "5", "6", "7", "8"])
    await store.close()
  }

  @Test(
    "Connections that the server ends are made again, and nothing that was acknowledged is lost or doubled")
  func terminated() async throws {
    let server = try PostgresServer.shared.get()
    let url = try server.database()
    let store = try openStore(url)
    var acknowledged: [String] = []
    for number in 0..<60 {
      if number % 20 == 10 {
        try server.sql(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
          in: url)
      }
      sending: while true {
        switch await store.write([.message(message("\(number)"))])[0] {
        case .stored, .duplicate: break sending
        case .unavailable, .unknown: await Task.yield()
        case let other: return #expect(Bool(false), "\(other)")
        }
      }
      acknowledged.append("\(number)")
    }
    var contents: [String]?
    while contents == nil {
      contents = try? await store.sync(SyncRequest(userID: "b", start: .beginning)).messages.map(\.content)
    }
    #expect(contents == acknowledged)
    await store.close()
  }

  @Test("While there is no connection, changes and questions are refused at once")
  func refusedAtOnce() async throws {
    let server = try PostgresServer.shared.get()
    let url = try server.database()
    let store = try openStore(url)
    let name = try #require(url.split(separator: "/").last.map(String.init))
    try server.sql("ALTER DATABASE \(name) ALLOW_CONNECTIONS false")
    try server.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(name)'")
    while true {
      if case .unavailable = await store.write([.message(message("x"))])[0] { break }
    }
    let start = ContinuousClock.now
    for number in 0..<100 {
      guard case .unavailable = await store.write([.message(message("\(number)"))])[0] else {
        return #expect(Bool(false), "a change was taken")
      }
    }
    // A hundred refusals that each waited for a connection would take minutes.
    #expect(ContinuousClock.now - start < .seconds(20))
    try server.sql("ALTER DATABASE \(name) ALLOW_CONNECTIONS true")
    while true {
      if case .stored = await store.write([.message(message("back"))])[0] { break }
      await Task.yield()
    }
    await store.close()
  }

  @Test("A database of a newer daemon is refused, one of the release before is not")
  func newerSchema() async throws {
    let server = try PostgresServer.shared.get()
    let url = try server.database()
    await (try openStore(url)).close()
    try server.sql("UPDATE sluice.meta SET schema_version = 99", in: url)
    await (try openStore(url)).close()
    try server.sql("UPDATE sluice.meta SET schema_needs = 98", in: url)
    let error = #expect(throws: StoreError.self) { try openStore(url) }
    #expect(error?.description.contains("run a newer daemon") == true)
  }

  @Test("Nodes that open an empty database together make its tables once")
  func openedTogether() async throws {
    let url = try PostgresServer.shared.get().database()
    let stores = try await withThrowingTaskGroup { tasks in
      for _ in 0..<4 { tasks.addTask { try openStore(url) } }
      return try await tasks.reduce(into: [PostgresStore]()) { $0.append($1) }
    }
    #expect(Set(stores.map(\.epoch)).count == 1 && Set(stores.map(\.nodeNumber)).count == 4)
    for store in stores { await store.close() }
  }

  @Test("A database that was copied to another server has other cursors and higher positions")
  func restoredElsewhere() async throws {
    let server = try PostgresServer.shared.get()
    let url = try server.database()
    let before = try openStore(url)
    guard case .stored(_, let old) = await before.write([.message(message("1"))])[0] else {
      return #expect(Bool(false), "not stored")
    }
    await before.close()
    // What a copy sees: the number of the cluster that it was taken from.
    try server.sql("UPDATE sluice.meta SET cluster = 1", in: url)
    let after = try openStore(url)
    #expect(after.epoch != before.epoch)
    guard case .stored(_, let new) = await after.write([.message(message("2"))])[0] else {
      return #expect(Bool(false), "not stored")
    }
    #expect(new > old)
    await after.close()
  }
}

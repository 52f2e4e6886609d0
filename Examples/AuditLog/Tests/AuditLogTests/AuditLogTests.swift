import Pipeline
import PipelineTestKit
import Services
import Synchronization
import Testing

@testable import AuditLog

/// Rows in memory, or a database that is away.
private final class KeptRows: AuditRows {
  private let kept = Mutex<[[AuditRow]]>([])
  let isAway = Mutex(false)

  var writes: [[AuditRow]] { kept.withLock { $0 } }

  func write(_ rows: [AuditRow]) throws {
    if isAway.withLock({ $0 }) { throw PostgresFault(reason: "away", isLost: true) }
    kept.withLock { $0.append(rows) }
  }

  func close() {}
}

private let stored = MessageID(rawValue: 7 << 22)

/// Stores nothing, and says that it has.
private struct Storing: EventStage {
  static let name = "storing"
  init() {}
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ event: inout Event) -> Verdict {
    event[StoredSendKey.self] = SentMessage(id: stored, digest: 0)
    return .continue
  }
}

@Suite("The audit log")
struct AuditLogTests {
  private let services: TestServices
  private let rows = KeptRows()

  init() throws { services = try TestServices() }

  private func chain() async throws -> TestChain {
    var all = services.all
    all[AuditRowsKey.self] = rows
    let entry = try TestEntry(AuditLog.self, yaml: "database: postgres://nowhere").accepted()
    let audit = try await entry.start(all, services.log.logger, services.clock.clock)
    return TestChain([
      ChainStage(Storing(), requirements: Requirements(gives: [.durableID])), audit,
    ])
  }

  @Test("writes down who, whom and when, and not what")
  func writes() async throws {
    let reply = try await chain().send(.newMessage, ["receiverId": "bob", "content": "secret"])
    #expect(reply.rejection == nil)
    #expect(
      rows.writes == [
        [
          AuditRow(
            messageID: "\(stored)", at: stored.timestamp, sender: "alice",
            receiver: "bob")
        ]
      ])
  }

  @Test("refuses nothing where its database is away, and leaves the event for later")
  func away() async throws {
    rows.isAway.withLock { $0 = true }
    let chain = try await chain()
    #expect(await chain.send(.newMessage, ["receiverId": "bob", "content": "hi"]).rejection == nil)
    #expect(chain.observer.setAside == ["NEW_MESSAGE audit_log away 1 true"])
  }

  @Test("reads texts into arrays as PostgreSQL does")
  func arrays() {
    #expect(PostgresConnection.array([]) == "{}")
    #expect(PostgresConnection.array(["a", #"b"\,{}"#, "c\0"]) == #"{"a","b\"\\,{}","c\#u{FFFD}"}"#)
  }

  @Test("does not connect before there is something to write, and says why it can't")
  func connecting() throws {
    let rows = PostgresRows("postgres://127.0.0.1:1/none", table: "t", clock: services.clock.clock)
    let row = AuditRow(
      messageID: "1", at: services.clock.clock.wall(), sender: "a", receiver: "b")
    let first = #expect(throws: PostgresFault.self) { try rows.write([row]) }
    #expect(first?.reason.contains("127.0.0.1") == true)
    // It does not try again at once.
    let second = #expect(throws: PostgresFault.self) { try rows.write([row]) }
    #expect(second?.reason == "the database is away")
    services.clock.advance(by: .seconds(1))
    #expect(#expect(throws: PostgresFault.self) { try rows.write([row]) }?.reason == first?.reason)
  }

  @Test("wants a database and the name of a table")
  func configuration() {
    #expect(
      TestEntry(AuditLog.self, yaml: "database: mysql://a\ntable: a;b").faults == [
        "1:11: error: 'database' is postgres://… (stage 'audit_log')",
        "2:8: error: 'table' is made of small letters, digits and '_' (stage 'audit_log')",
      ])
  }

  @Test("keeps to what every stage has to")
  func conforms() async throws {
    let rows = rows
    let violations = try await StageConformance(
      AuditLog.self, yaml: "database: postgres://nowhere",
      events: [SampleEvent(.newMessage, ["receiverId": "bob", "content": "hi"])],
      equip: { test in
        var services = test.all
        services[AuditRowsKey.self] = rows
        return services
      }
    ).violations()
    #expect(violations == [])
  }
}

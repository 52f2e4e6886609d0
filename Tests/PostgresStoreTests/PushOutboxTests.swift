import ContractTests
import Foundation
import Pipeline
import Services
import Synchronization
import Testing

@testable import PostgresStore

/// What only a database of several nodes shows of the outbox.
@Suite("The outbox of pushes in PostgreSQL", .serialized)
struct PushOutboxTests {
  /// A server of its own: what is under way here holds the feed of all databases of a server.
  private static let server = Result { try PostgresServer() }
  private let ids = MessageIDGenerator()
  private let now = EngineClock.system.wall() + .seconds(3600)

  private func message(_ tempID: String, from: String, to: String) -> NewMessage {
    NewMessage(id: ids.next(), senderID: from, tempID: tempID, receiverID: to, content: tempID)
  }

  private func push(_ message: NewMessage) -> StoreWrite {
    .push(DuePush(message.id, to: message.receiverID, service: "fcm", reach: .devices))
  }

  @Test(
    "Nodes that keep, take and settle at once give each job once, and no transaction waits for another in a circle"
  )
  func twoNodes() async throws {
    let url = try Self.server.get().database()
    let stores = [try openStore(url), try openStore(url)]
    let receivers = (0..<40).map { "b\($0)" }
    _ = await stores[0].write(receivers.map { .addDevice(Device(userID: $0, token: "phone of \($0)")) })
    let sent = (0..<10).flatMap { round in receivers.map { message("\(round) to \($0)", from: "a", to: $0) } }
    _ = await stores[0].write(sent.map { .message($0) })
    let settled = Count()
    let taken = try await withThrowingTaskGroup { tasks in
      // Each node keeps pushes of all lanes, in an order of its own.
      for (store, part) in [(stores[0], sent.prefix(200)), (stores[1], sent.suffix(200))] {
        tasks.addTask {
          for start in stride(from: part.startIndex, to: part.endIndex, by: 25) {
            _ = await store.write(part[start..<start + 25].shuffled().map { push($0) })
          }
          return [PushJob]()
        }
        tasks.addTask {
          var own: [PushJob] = []
          let deadline = ContinuousClock.now + .seconds(60)
          while settled.value.load(ordering: .relaxed) < sent.count, .now < deadline {
            let jobs = try await store.takePushes(limit: 15, at: now, leasedUntil: now + .seconds(30))
            own += jobs
            _ = await store.write(jobs.shuffled().map { .pushOutcome($0.id, lease: $0.lease, .done) })
            settled.value.wrappingAdd(jobs.count, ordering: .relaxed)
          }
          return own
        }
      }
      return try await tasks.reduce(into: [PushJob]()) { $0 += $1 }
    }
    #expect(taken.count == sent.count && Set(taken.map(\.id.messageID)) == Set(sent.map(\.id)))
    #expect(try await stores[1].pushBacklog() == PushBacklog(count: 0))
    for store in stores {
      #expect(store.figures.failures == 0, "a transaction had to be made again")
      await store.close()
    }
  }

  @Test("Of nodes that ask at once, one takes over a dead one's mark")
  func takers() async throws {
    let url = try Self.server.get().database()
    let outboxes = [PushOutbox(try openStore(url)), PushOutbox(try openStore(url))]
    for node in UInt64(10)..<40 {
      await outboxes[0].mark(ids.next(), of: node)
      await outboxes[0].end(node, by: node, .left)
      async let first = outboxes[0].takeMarks(by: 1, unrenewedFor: .seconds(3600))
      async let second = outboxes[1].takeMarks(by: 2, unrenewedFor: .seconds(3600))
      let taken = await first + second
      #expect(taken.map(\.node.rawValue) == [node])
    }
    for outbox in outboxes { await outbox.store.close() }
  }

  @Test(
    "What the daemon before this kept goes to the outbox, and what it goes on to keep; both know one mark")
  func daemonBefore() async throws {
    let server = try Self.server.get()
    let url = try server.database()
    let connection = try PostgresConnection(try PostgresURL(url), patience: .seconds(5))
    try connection.execute("CREATE SCHEMA sluice")
    for step in Migrations.steps.prefix(5) { try connection.execute("BEGIN; \(step.sql); COMMIT;") }
    let sent = (0..<4).map { message("\($0)", from: "a", to: "b") }
    let rows = sent.enumerated().map { index, message in
      "(\(message.id.rawValue), conversation_of('a', 'b'), 'a', 'b', '\(index)', \(index), \(index))"
    }
    try connection.execute(
      """
      INSERT INTO meta (schema_version, schema_needs, epoch, cluster, timeline, pushes_decided)
        VALUES (5, 1, 1, 1, 1, \(sent[2].id.rawValue));
      INSERT INTO messages (id, conversation, sender, receiver, content, position, born)
        VALUES \(rows.joined(separator: ", "));
      INSERT INTO devices (digest, token, user_id, since)
        VALUES (sha256('phone'), 'phone', 'b', \(now.milliseconds));
      INSERT INTO pushes (message, receiver, due) VALUES (\(sent[0].id.rawValue), 'b', 5),
        (\(sent[1].id.rawValue), 'b', 6), (17, 'b', 7);
      """)
    let store = try openStore(url)
    // As it keeps one more while both run, and one that is there.
    for message in [sent[2], sent[1]] {
      try connection.execute(
        """
        INSERT INTO pushes (message, receiver, due)
          SELECT \(message.id.rawValue), 'b', 8 WHERE EXISTS (SELECT FROM devices WHERE user_id = 'b')
          ON CONFLICT DO NOTHING
        """)
    }
    #expect(try server.sql("SELECT count(*) FROM sluice.pushes", in: url).contains("0"))
    var dues: [Int64] = []
    for message in sent.prefix(3) {
      let jobs = try await store.takePushes(at: now, leasedUntil: now + .seconds(30))
      #expect(jobs.map(\.id) == [PushJobID(service: "fcm", messageID: message.id, deviceToken: "phone")])
      dues += jobs.map(\.due.milliseconds)
      _ = await store.write(jobs.map { .pushOutcome($0.id, lease: $0.lease, .done) })
    }
    #expect(dues == [5, 6, 8])
    #expect(try await store.pushBacklog().count == 0)

    // Its mark is one for all of its nodes, which this daemon takes over as it does those of others.
    let outbox = PushOutbox(store)
    let old = NodeID(rawValue: 0)
    #expect(await outbox.takeMarks(by: 1) == [PushMark(of: old, decided: sent[2].id)])
    #expect(await outbox.takeMarks(by: 1, service: "hook").isEmpty)
    await outbox.end(0, by: 1, .decided)
    try connection.execute("UPDATE meta SET pushes_decided = \(sent[3].id.rawValue)")
    #expect(await outbox.takeMarks(by: 1, unrenewedFor: .seconds(3600)).isEmpty)
    #expect(await outbox.takeMarks(by: 1) == [PushMark(of: old, decided: sent[3].id)])
    // Where it starts, it reads the lowest of all.
    let last = MessageID(rawValue: sent[3].id.rawValue + 1)
    func known() throws -> String { try server.sql("SELECT pushes_decided FROM sluice.meta", in: url) }
    await outbox.mark(last, of: 1)
    #expect(try known().contains("\(sent[3].id.rawValue)"))
    await outbox.end(0, by: 1, .decided)
    await outbox.mark(last, of: 1)
    #expect(try known().contains("\(last.rawValue)"))
    #expect(await outbox.takeMarks(by: 2) == [PushMark(of: NodeID(rawValue: 1), decided: last)])
    await store.close()
  }

  @Test("However many jobs wait, what is asked of the outbox looks at no more than it gives")
  func plans() async throws {
    let server = try Self.server.get()
    let url = try server.database()
    await (try openStore(url)).close()
    try server.sql(Self.fill, in: url)
    try server.sql("VACUUM ANALYZE", in: url)
    let name = try #require(url.split(separator: "/").last)
    for setting in [
      "session_preload_libraries = 'auto_explain'", "auto_explain.log_min_duration = 0",
      "auto_explain.log_analyze = on", "auto_explain.log_nested_statements = on",
    ] { try server.sql("ALTER DATABASE \(name) SET \(setting)") }
    let store = try openStore(url)
    // Once to prepare.
    try await ask(store, 1)
    let mark = server.log.count
    let start = ContinuousClock.now
    try await ask(store, 100)
    let time = ContinuousClock.now - start
    await store.close()
    let log = String(server.log.dropFirst(mark))
    #expect(log.contains("push_lanes_ready"), "nothing was explained")
    let node =
      #/(?:Scan|Limit|LockRows|Update|Delete|Insert)[^\n]*\(actual time=\S+ rows=(\d+) loops=(\d+)\)/#
    for match in log.matches(of: node) {
      let rows = (Int(match.1) ?? .max) * (Int(match.2) ?? .max)
      // What is counted, up to a limit, is asked for with 1,000.
      #expect(rows <= 1000 && !match.0.contains("Seq Scan on push"), "\(match.0)")
    }
    #expect(time < .seconds(2))
  }

  /// 100,000 jobs of 20,000 lanes, of which a tenth are under way, and one lane of 50,000 more.
  private static let fill = """
    SET search_path = sluice;
    -- All of just now: what is old is dropped.
    INSERT INTO messages (id, conversation, sender, receiver, content, position, born)
      SELECT ((extract(epoch FROM now()) * 1000)::bigint - 1704067400000 + n << 22) + n, conversation_of('a', r),
          'a', r, 'message', n, n
        FROM (SELECT n, CASE WHEN n > 100000 THEN 'hot' ELSE 'b' || n % 20000 END AS r
          FROM generate_series(1::bigint, 150000) n) g;
    INSERT INTO devices (digest, token, user_id, since)
      SELECT sha256(convert_to(r, 'UTF8')), r, r, (extract(epoch FROM now()) * 1000)::bigint
        FROM (SELECT DISTINCT receiver AS r FROM messages) g;
    INSERT INTO push_lanes (service, conversation, receiver, device, ready, lease, taken)
      SELECT 'fcm', conversation_of('a', d.user_id), d.user_id, d.digest,
          CASE WHEN n % 10 = 0 THEN (1::bigint << 60) ELSE n END,
          CASE WHEN n % 10 = 0 THEN (1::bigint << 60) END, CASE WHEN n % 10 = 0 THEN 1 END
        FROM (SELECT *, row_number() OVER () AS n FROM devices) d;
    INSERT INTO push_jobs (service, message, device, lane, due)
      SELECT 'fcm', m.id, l.device, l.id, 1 FROM messages m JOIN push_lanes l ON l.receiver = m.receiver;
    """

  /// All that a service asks.
  private func ask(_ store: PostgresStore, _ count: Int) async throws {
    let jobs = try await store.takePushes(limit: count, at: now, leasedUntil: now + .seconds(30))
    #expect(jobs.count == count)
    let outcomes: [PushOutcome] = [.done, .retry(at: now), .release, .deviceGone, .deviceQuarantined]
    _ = await store.write(
      jobs.enumerated().map { .pushOutcome($1.id, lease: $1.lease, outcomes[$0 % outcomes.count]) })
    #expect(try await store.pushBacklog().count == 1000)
    let sent = (0..<20).map { message("\($0) of \(count)", from: "a", to: "b\($0)") }
    _ = await store.write(sent.map { .message($0) })
    _ = await store.write(sent.map { push($0) })
    await PushOutbox(store).mark(sent[0].id)
    _ = try await store.undecidedPushes(notBefore: sent[0].id)
  }
}

/// A number that several tasks count up.
private final class Count: Sendable {
  let value = Atomic<Int>(0)
}

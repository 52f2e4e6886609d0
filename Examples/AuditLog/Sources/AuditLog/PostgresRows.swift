import Pipeline
import Synchronization

/// Rows in a PostgreSQL database, over one connection, which is made anew where it has been lost.
final class PostgresRows: AuditRows {
  private struct State {
    var connection: PostgresConnection?
    /// Before this moment no other connection is tried.
    var nextTry: UInt64 = 0
  }

  private static let pause: UInt64 = 1_000_000_000
  private let address: String
  private let table: String
  private let clock: EngineClock
  // The stage's thread is the only one to write; the lock is for the end.
  private let state = Mutex(State())

  init(_ address: String, table: String, clock: EngineClock) {
    (self.address, self.table, self.clock) = (address, table, clock)
  }

  func write(_ rows: [AuditRow]) throws {
    try state.withLock { state in
      // A connection may turn out to be lost only when it is used: then, once, another is made.
      if state.connection != nil {
        do { return try insert(rows, &state) } catch let error as PostgresFault where error.isLost {}
      }
      try connect(&state)
      try insert(rows, &state)
    }
  }

  func close() { state.withLock { $0.connection = nil } }

  private func connect(_ state: inout State) throws {
    guard clock.monotonic() >= state.nextTry else {
      throw PostgresFault(reason: "the database is away", isLost: true)
    }
    do {
      let connection = try PostgresConnection(address)
      try connection.execute(
        """
        CREATE TABLE IF NOT EXISTS \(table) (
          message_id text PRIMARY KEY, at timestamptz NOT NULL, sender text NOT NULL, receiver text NOT NULL)
        """)
      state.connection = connection
    } catch {
      state.nextTry = clock.monotonic() + Self.pause
      throw error
    }
  }

  private func insert(_ rows: [AuditRow], _ state: inout State) throws {
    do {
      try state.connection?.execute(
        """
        INSERT INTO \(table)
        SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[])
        ON CONFLICT (message_id) DO NOTHING
        """,
        [rows.map(\.messageID), rows.map { "\($0.at)" }, rows.map(\.sender), rows.map(\.receiver)])
    } catch let error as PostgresFault where error.isLost {
      state.connection = nil
      throw error
    }
  }
}

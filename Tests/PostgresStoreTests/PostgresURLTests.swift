import PostgresStore
import Testing

@Suite("Addresses of PostgreSQL")
struct PostgresURLTests {
  @Test("They are what libpq takes, and count their servers")
  func hosts() throws {
    #expect(
      try PostgresURL("postgres://u:p@one:5432,two:5433/db?target_session_attrs=read-write").hostCount == 2)
    #expect(try PostgresURL("postgresql:///db").hostCount == 1)
  }

  @Test(
    "What is none is refused in words",
    arguments: ["mysql://x", "postgres://h:port/db", "postgres://h/db?nonsense=1", "postgres://[::1/db"])
  func wrong(text: String) {
    #expect(throws: PostgresURL.Fault.self) { try PostgresURL(text) }
  }
}

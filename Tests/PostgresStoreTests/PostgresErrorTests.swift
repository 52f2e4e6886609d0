import Testing

@testable import PostgresStore

@Suite("What to do about an error of PostgreSQL")
struct PostgresErrorTests {
  @Test(
    "It follows from the error's state",
    arguments: [
      ("40P01", .tryAgain), ("40001", .tryAgain), ("23505", .makeApart), ("22021", .makeApart),
      ("57P01", .reconnect), ("08006", .reconnect), ("25006", .reconnect), ("53100", .giveUp),
      ("42501", .giveUp),
    ] as [(String, PostgresError.Remedy)])
  func remedies(state: String, remedy: PostgresError.Remedy) {
    #expect(PostgresError("x", state: state).remedy == remedy)
  }

  @Test("Without a state the connection is lost")
  func lost() { #expect(PostgresError("server closed the connection").remedy == .reconnect) }

  @Test("Its text is one line")
  func oneLine() { #expect(PostgresError("ERROR:  one\nDETAIL: two").description == "PostgreSQL: one") }
}

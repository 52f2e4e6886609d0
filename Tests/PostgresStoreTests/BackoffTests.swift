import Testing

@testable import PostgresStore

@Suite("Backoff")
struct BackoffTests {
  @Test("The wait doubles up to a limit, and begins anew after a success")
  func doubles() {
    var backoff = Backoff()
    let waits = (0..<9).map { _ in backoff.failed(chance: 1) }
    #expect(
      waits.prefix(4) == [.milliseconds(50), .milliseconds(100), .milliseconds(200), .milliseconds(400)])
    #expect(waits.last == .seconds(1))
    backoff.succeeded()
    #expect(backoff.failed(chance: 0) == .milliseconds(25))
  }
}

import RedisState
import Testing

/// Waits until something holds, twenty seconds at most.
func eventually(
  _ what: String, within limit: Duration = .seconds(20), _ holds: @Sendable () async throws -> Bool
) async throws {
  let end = ContinuousClock.now + limit
  while try await !holds() {
    guard ContinuousClock.now < end else { throw RedisError("in vain waited until \(what)") }
    try await Task.sleep(for: .milliseconds(5))
  }
}

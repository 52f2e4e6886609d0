import ContractTests
import Foundation
import NIOPosix
import Pipeline
@_spi(Testing) import RedisState
import Services
import Testing

@Suite("Redis keeps the contract of shared states")
struct RedisStateContractTests {
  /// Time passes by an offset to the server's, and by what keys have left to live.
  private let contract = SharedStateContract {
    let server = try await RedisServer()
    let offset = GrowingDuration()
    var options = TestNode.options
    options.timeOffset = { offset.value }
    let state = try await RedisState(
      url: server.url(), group: MultiThreadedEventLoopGroup.singleton, node: .random(),
      logger: TestNode.quiet, options: options)
    return SharedStateContract.Subject(state) { duration in
      offset.add(duration)
      let milliseconds = duration.wholeMilliseconds
      _ = try? server.ask("EVAL", Self.age, "0", "\(milliseconds)")
    }
  }

  /// Lets keys age by milliseconds.
  static let age = """
    for _, key in ipairs(redis.call('KEYS', '*')) do
      local left = redis.call('PTTL', key)
      if left > 0 then redis.call('PEXPIRE', key, string.format('%.0f', left - tonumber(ARGV[1]))) end
    end
    """

  @Test func limitsRates() async throws { try await contract.limitsRates() }
  @Test func limitsInOneCall() async throws { try await contract.limitsInOneCall() }
  @Test func limitsConcurrently() async throws { try await contract.limitsConcurrently() }
  @Test func remembersSends() async throws { try await contract.remembersSends() }
  @Test func keepsPresence() async throws { try await contract.keepsPresence() }
}

import ContractTests
import MemoryState
import PipelineTestKit
import Testing

@Suite("Memory keeps the contract of shared states")
struct MemoryStateTests {
  private let contract = SharedStateContract {
    let clock = ManualClock()
    return SharedStateContract.Subject(MemoryState(clock: clock.clock)) { clock.advance(by: $0) }
  }

  @Test func limitsRates() async throws { try await contract.limitsRates() }
  @Test func limitsInOneCall() async throws { try await contract.limitsInOneCall() }
  @Test func limitsConcurrently() async throws { try await contract.limitsConcurrently() }
  @Test func remembersSends() async throws { try await contract.remembersSends() }
  @Test func keepsPresence() async throws { try await contract.keepsPresence() }
}

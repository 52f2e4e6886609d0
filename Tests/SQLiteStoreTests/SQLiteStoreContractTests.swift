import ContractTests
import Testing

@Suite("SQLite keeps the contract of stores")
struct SQLiteStoreContractTests {
  private let contract = StoreContract { try TemporaryStore().open() }

  @Test func storesAndSyncs() async throws { try await contract.storesAndSyncs() }
  @Test func keepsSendKeys() async throws { try await contract.keepsSendKeys() }
  @Test func failsAlone() async throws { try await contract.failsAlone() }
  @Test func keepsTexts() async throws { try await contract.keepsTexts() }
  @Test func keepsReceipts() async throws { try await contract.keepsReceipts() }
  @Test func pages() async throws { try await contract.pages() }
  @Test func feedHasNoGaps() async throws { try await contract.feedHasNoGaps() }
  @Test func movesTheHorizon() async throws { try await contract.movesTheHorizon() }
  @Test func checksReplies() async throws { try await contract.checksReplies() }
  @Test func knowsPeers() async throws { try await contract.knowsPeers() }
}

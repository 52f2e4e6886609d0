import ContractTests
import SQLiteStore
import Testing

@Suite("SQLite keeps the contract of stores")
struct SQLiteStoreContractTests {
  private let place = TemporaryStore()
  private var contract: StoreContract { StoreContract { [place] in try place.open() } }

  @Test func storesAndSyncs() async throws { try await contract.storesAndSyncs() }
  @Test func keepsSendKeys() async throws { try await contract.keepsSendKeys() }
  @Test func failsAlone() async throws { try await contract.failsAlone() }
  @Test func keepsTexts() async throws { try await contract.keepsTexts() }
  @Test func keepsReceipts() async throws { try await contract.keepsReceipts() }
  @Test func keepsDeliveries() async throws { try await contract.keepsDeliveries() }
  @Test func keepsReceiptsOfOneBatch() async throws { try await contract.keepsReceiptsOfOneBatch() }
  @Test func revises() async throws { try await contract.revises() }
  @Test func keepsConversations() async throws { try await contract.keepsConversations() }
  @Test func keepsLinks() async throws { try await contract.keepsLinks() }
  @Test func keepsUsers() async throws { try await contract.keepsUsers() }
  @Test func erases() async throws { try await contract.erases() }
  @Test func pages() async throws { try await contract.pages() }
  @Test func feedHasNoGaps() async throws { try await contract.feedHasNoGaps() }
  @Test func movesTheHorizon() async throws { try await contract.movesTheHorizon() }
  @Test func checksReplies() async throws { try await contract.checksReplies() }
  @Test func keepsPushes() async throws { try await contract.keepsPushes() }
  @Test func findsUndecidedPushes() async throws { try await contract.findsUndecidedPushes() }
  @Test func knowsPeers() async throws { try await contract.knowsPeers() }
  @Test func keepsDeadLetters() async throws { try await contract.keepsDeadLetters() }
  @Test func keepsBigDeadLetters() async throws { try await contract.keepsBigDeadLetters() }
  @Test func listsAndDropsDeadLetters() async throws { try await contract.listsAndDropsDeadLetters() }
  @Test func keepsDeadLettersWithNUL() async throws { try await contract.keepsDeadLettersWithNUL() }
  @Test func erasesDeadLetters() async throws { try await contract.erasesDeadLetters() }

  @Test(
    "Dead letters are kept for thirty days, or as long as the options say",
    arguments: [nil, Duration.seconds(90)])
  func dropsOldDeadLetters(retention: Duration?) async throws {
    var options = SQLiteOptions()
    options.deadLetterRetention = retention ?? options.deadLetterRetention
    try await contract.dropsOldDeadLetters(after: retention ?? .seconds(30 * 86_400)) { [options] in
      try place.open(options)
    }
  }
}

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
  @Test func keepsSingleReceiptsOfOneBatch() async throws {
    try await contract.keepsSingleReceiptsOfOneBatch()
  }
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
  @Test func keepsPushesWithNUL() async throws { try await contract.keepsPushesWithNUL() }
  @Test func dropsWhatNeedsNoPush() async throws { try await contract.dropsWhatNeedsNoPush() }
  @Test func findsWhatIsWantedAmongMuchThatIsNot() async throws {
    try await contract.findsWhatIsWantedAmongMuchThatIsNot()
  }
  @Test func erasesPushes() async throws { try await contract.erasesPushes() }
  @Test func countsPushes() async throws { try await contract.countsPushes() }
  @Test func findsUndecidedPushes() async throws { try await contract.findsUndecidedPushes() }
  @Test func takesMarksOver() async throws { try await contract.takesMarksOver() }
  @Test func endsMarks() async throws { try await contract.endsMarks() }
  @Test func renewsTakenMarks() async throws { try await contract.renewsTakenMarks() }
  @Test func remembersUpToTheLowestMark() async throws { try await contract.remembersUpToTheLowestMark() }
  @Test func dropsOldPushes() async throws { try await contract.dropsOldPushes() }
  @Test func givesEachPushOnce() async throws { try await contract.givesEachPushOnce() }
  @Test func givesTheLongestWaitingFirst() async throws { try await contract.givesTheLongestWaitingFirst() }
  @Test func takesOverLapsedPushes() async throws { try await contract.takesOverLapsedPushes() }
  @Test func keepsTheOrderOfPushes() async throws { try await contract.keepsTheOrderOfPushes() }
  @Test func keepsPushesBehindOneUnderWay() async throws { try await contract.keepsPushesBehindOneUnderWay() }
  @Test func keepsNoPushTwice() async throws { try await contract.keepsNoPushTwice() }
  @Test func retriesPushes() async throws { try await contract.retriesPushes() }
  @Test func forgetsDevicesThatAreGone() async throws { try await contract.forgetsDevicesThatAreGone() }
  @Test func quarantinesDevices() async throws { try await contract.quarantinesDevices() }
  @Test func keepsPushesFromOthers() async throws { try await contract.keepsPushesFromOthers() }
  @Test func pushesToLongTokens() async throws { try await contract.pushesToLongTokens() }
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

  @Test func dropsForgottenPushes() async throws {
    try await contract.dropsForgottenPushes { try place.open() }
  }

  @Test(
    "Devices are kept for 270 days after they were last registered, or as long as the options say",
    arguments: [nil, Duration.seconds(90_000)])
  func dropsOldDevices(retention: Duration?) async throws {
    var options = SQLiteOptions()
    options.deviceRetention = retention ?? options.deviceRetention
    try await contract.dropsOldDevices(after: retention ?? .seconds(270 * 86_400)) { [options] in
      try place.open(options, clock: $0)
    }
  }
}

import Pipeline
import Services

/// Answers what only asks: `SYNC`, and HTTP reads. Last in the chain, so that a reader sees what the same connection
/// has sent before; one task a question, so that a long one holds up nobody else.
struct Read: AsyncStage {
  static let name = "read"
  static let events: EventFilter = .only(.sync, .query)

  let store: any Store
  let clock: EngineClock

  init(store: any Store, clock: EngineClock) {
    self.store = store
    self.clock = clock
  }

  init(_ configuration: NoConfiguration, _ context: StageContext) throws {
    self.init(store: try context.store, clock: context.clock)
  }

  func process(_ event: inout Event) async throws -> Verdict {
    guard let user = event.identity?.userID else {
      return .reject(.unauthenticated, "nobody is known to ask")
    }
    let question = event.type == .sync ? "sync" : event.data.string("query")
    switch question {
    case "sync":
      let request = try SyncQuestion(event.data).request(for: user, epoch: store.epoch)
      let page = try await page(request)
      event.answer(SyncAnswer(page: page, user: user, epoch: store.epoch, now: clock.wall()).event)
      return .continue
    case "authenticate": return .continue
    default: return .reject(.notFound, "there is no such question")
    }
  }

  private func page(_ request: SyncRequest) async throws -> SyncPage {
    let result = await withCheckedContinuation { continuation in
      store.sync(request) { continuation.resume(returning: $0) }
    }
    switch result {
    case .success(let page): return page
    case .failure: throw Rejection(.unavailable, "the store can't be reached; ask again")
    }
  }
}

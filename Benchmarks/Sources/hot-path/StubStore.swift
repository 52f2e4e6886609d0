import Pipeline
import Services
import Synchronization

/// A store that keeps nothing and says that it does, when it is told to: what a real one costs is another thread's.
final class StubStore: Store {
  private struct Commit {
    let results: [WriteResult]
    let then: @Sendable ([WriteResult]) -> Void
  }

  private struct State {
    var position: Position = 0
    var commits: [Commit] = []
  }

  let epoch: UInt64 = 1
  let horizon = FeedHorizon(at: 0)
  let highestMessageID: MessageID? = nil
  private let state = Mutex(State())
  /// Who sends messages to whom, so that receipts find their senders.
  private let partners: [String: String]

  init(partners: [String: String]) { self.partners = partners }

  /// Answers all that was written since it was last called.
  func commit() {
    let commits = state.withLock { state in
      let commits = state.commits
      state.commits.removeAll(keepingCapacity: true)
      return commits
    }
    for commit in commits { commit.then(commit.results) }
  }

  func write(_ writes: [StoreWrite], then: @escaping @Sendable ([WriteResult]) -> Void) {
    state.withLock { state in
      let results = writes.map { result(of: $0, &state.position) }
      horizon.begin(results.positions)
      state.commits.append(Commit(results: results, then: then))
    }
  }

  private func result(of write: StoreWrite, _ position: inout Position) -> WriteResult {
    switch write {
    case .message(let message, _):
      return .stored(message.id, next(&position))
    case .receipt(let receipt):
      guard case .messages(.one(let id)) = receipt.target, let sender = partners[receipt.userID] else {
        return .unavailable("this store keeps nothing")
      }
      return .changed(
        .one(
          MessageChange(
            messageID: id, senderID: sender, receiverID: receipt.userID, at: receipt.at, version: 2,
            position: next(&position))))
    default: return .done
    }
  }

  private func next(_ position: inout Position) -> Position {
    position += 1
    return position
  }

  func ready(then: @escaping @Sendable (String?) -> Void) { then(nil) }
  func close() async {}
}

// Nothing on the hot path reads.
extension StubStore {
  private static let empty = StoreError("this store keeps nothing")

  func sync(_ request: SyncRequest, then: @escaping @Sendable (Result<SyncPage, StoreError>) -> Void) {
    then(.failure(Self.empty))
  }

  func peers(
    of users: [String], limit: Int, then: @escaping @Sendable (Result<[[String]], StoreError>) -> Void
  ) { then(.failure(Self.empty)) }

  func conversations(
    of user: String, before: MessageID?, limit: Int,
    then: @escaping @Sendable (Result<Page<Conversation>, StoreError>) -> Void
  ) { then(.failure(Self.empty)) }

  func history(
    of user: String, with peer: String, before: MessageID?, limit: Int,
    then: @escaping @Sendable (Result<Page<StoredMessage>, StoreError>) -> Void
  ) { then(.failure(Self.empty)) }

  func search(
    _ request: SearchRequest, then: @escaping @Sendable (Result<[StoredMessage]?, StoreError>) -> Void
  ) { then(.failure(Self.empty)) }

  func links(of user: String, then: @escaping @Sendable (Result<[Link], StoreError>) -> Void) {
    then(.failure(Self.empty))
  }

  func permits(
    _ requests: [PermitRequest], audience: Audience,
    then: @escaping @Sendable (Result<[Bool], StoreError>) -> Void
  ) { then(.failure(Self.empty)) }

  func name(of user: String, then: @escaping @Sendable (Result<String?, StoreError>) -> Void) {
    then(.failure(Self.empty))
  }

  func devices(of user: String, then: @escaping @Sendable (Result<[Device], StoreError>) -> Void) {
    then(.failure(Self.empty))
  }

  func revocations(then: @escaping @Sendable (Result<[Revocation], StoreError>) -> Void) {
    then(.failure(Self.empty))
  }

  func undecidedPushes(
    notBefore oldest: MessageID, limit: Int,
    then: @escaping @Sendable (Result<[UndecidedPush], StoreError>) -> Void
  ) { then(.failure(Self.empty)) }

  func pushBacklog(
    service: String, upTo limit: Int, then: @escaping @Sendable (Result<PushBacklog, StoreError>) -> Void
  ) { then(.failure(Self.empty)) }

  func deadLetters(
    after: Int64?, limit: Int, then: @escaping @Sendable (Result<[DeadLetterSummary], StoreError>) -> Void
  ) { then(.failure(Self.empty)) }

  func deadLetter(_ id: Int64, then: @escaping @Sendable (Result<StoredDeadLetter?, StoreError>) -> Void) {
    then(.failure(Self.empty))
  }

  func deadLetterCount(upTo limit: Int, then: @escaping @Sendable (Result<Int, StoreError>) -> Void) {
    then(.failure(Self.empty))
  }
}

public import Pipeline

/// What must last: users, messages, receipts, connections, devices. Every implementation passes the `StoreContract` suite.
///
/// All calls return at once and answer by calling `then`, on a thread of the store's own, which must not be
/// blocked. Writes that arrive during a commit share the next one; what is bounded is how many may wait.
public protocol Store: Sendable {
  /// Tells this store from every other, also from one that was restored from an older copy.
  var epoch: UInt64 { get }

  /// How far the feed has been committed and carried out.
  var horizon: FeedHorizon { get }

  /// The feed begins behind this position: who stood before it has to begin anew.
  var oldestPosition: Position { get }

  /// The highest message id stored when the store was opened, so that new ones are made above it.
  var highestMessageID: MessageID? { get }

  /// Makes changes, durably, in order. One that can't be made fails alone.
  ///
  /// - Parameters:
  ///   - writes: The changes, in the order in which they have to be made.
  ///   - then: Gets one result a change, in the same order, after the commit. Each position in a result has been
  ///     begun in ``horizon``; the caller ends it when the change's effects have been carried out.
  func write(_ writes: [StoreWrite], then: @escaping @Sendable ([WriteResult]) -> Void)

  /// Reads a page of a user's changes. A position once passed hides nothing: whatever commits later comes later.
  func sync(_ request: SyncRequest, then: @escaping @Sendable (Result<SyncPage, StoreError>) -> Void)

  /// The users who exchanged a message with each of `users` or are connected with them, most recent first, at most `limit`
  /// of each; none whom one of the two has blocked. One answer each, in order.
  func peers(
    of users: [String], limit: Int, then: @escaping @Sendable (Result<[[String]], StoreError>) -> Void)

  /// The conversations of a user, newest first: those whose latest message is older than `before`.
  func conversations(
    of user: String, before: MessageID?, limit: Int,
    then: @escaping @Sendable (Result<Page<Conversation>, StoreError>) -> Void)

  /// The messages between two users, newest first: those older than `before`.
  func history(
    of user: String, with peer: String, before: MessageID?, limit: Int,
    then: @escaping @Sendable (Result<Page<StoredMessage>, StoreError>) -> Void)

  /// Messages that hold given words, newest first; `nil` where the store keeps no index for that.
  func search(
    _ request: SearchRequest, then: @escaping @Sendable (Result<[StoredMessage]?, StoreError>) -> Void)

  /// How a user stands to others, latest first.
  func links(of user: String, then: @escaping @Sendable (Result<[Link], StoreError>) -> Void)

  /// Answers questions of users about others, in order.
  func permits(
    _ requests: [PermitRequest], audience: Audience,
    then: @escaping @Sendable (Result<[Bool], StoreError>) -> Void)

  /// The name of a user: their own choice, else that of their latest token.
  func name(of user: String, then: @escaping @Sendable (Result<String?, StoreError>) -> Void)

  /// The devices that pushes for a user go to.
  func devices(of user: String, then: @escaping @Sendable (Result<[Device], StoreError>) -> Void)

  /// All revocations of tokens.
  func revocations(then: @escaping @Sendable (Result<[Revocation], StoreError>) -> Void)

  /// Messages not before `oldest` that were neither delivered, read nor deleted, oldest first: where `oldest` is a mark
  /// (``PushMark``), those of which it may not be decided yet whether a service is to push them.
  func undecidedPushes(
    notBefore oldest: MessageID, limit: Int,
    then: @escaping @Sendable (Result<[UndecidedPush], StoreError>) -> Void)

  /// What waits in the outbox of a service, counted up to `limit`, so that it costs little however much it is.
  func pushBacklog(
    service: String, upTo limit: Int, then: @escaping @Sendable (Result<PushBacklog, StoreError>) -> Void)

  /// The dead letters with higher numbers than `after`, lowest first, at most `limit`. Of letters that are kept just
  /// now one may come into sight after another with a higher number.
  func deadLetters(
    after: Int64?, limit: Int, then: @escaping @Sendable (Result<[DeadLetterSummary], StoreError>) -> Void)

  /// The dead letter with this number; `nil` where there is none.
  func deadLetter(_ id: Int64, then: @escaping @Sendable (Result<StoredDeadLetter?, StoreError>) -> Void)

  /// How many dead letters there are, counted up to `limit`, so that it costs little however many they are.
  func deadLetterCount(upTo limit: Int, then: @escaping @Sendable (Result<Int, StoreError>) -> Void)

  /// Whether the store answers; `nil` says that it does, a text says why it does not.
  func ready(then: @escaping @Sendable (String?) -> Void)

  /// Finishes what is under way, then closes. Nothing is taken from the call on.
  func close() async
}

extension Store {
  /// A store whose feed begins at its beginning.
  public var oldestPosition: Position { 0 }
}

/// The key under which stages find the store.
public enum StoreKey: ServiceKey {
  /// The store's seam.
  public typealias Service = any Store
}

extension StageContext {
  /// The store.
  ///
  /// - Throws: `StageStartError` where this process has none.
  public var store: any Store { get throws { try require(StoreKey.self) } }
}

public import Logging
public import Pipeline
public import Services
import Synchronization

/// The store of nodes that share a PostgreSQL database.
///
/// A few threads own a connection each. Writers commit all that arrived while their last commit was under way as one
/// transaction in one trip; what two users say to each other always goes by the same writer, so it keeps its order.
/// Readers put all questions that wait into one trip.
///
/// A connection that is lost is made again with backoff. While there is none, changes and questions fail at once.
public final class PostgresStore: SharedFeed {
  public let epoch: UInt64
  public let horizon: FeedHorizon
  public let highestMessageID: MessageID?
  public let nodeNumber: UInt16

  private let writers: [WorkerThread<Submission>]
  private let writerHealth: [LinkHealth]
  private let readers: [WorkerThread<Reading>]
  private let readerHealth: [LinkHealth]
  private let nextReader = Atomic<Int>(0)
  private let oldest: FeedStart
  private let options: PostgresOptions
  private let clock: EngineClock
  let keepsSearchIndex: Bool
  private let ledger = Ledger()
  private let unknown = UnknownWatch()

  /// How long an answer may take before a connection is given up.
  private static let patience = Duration.seconds(15)
  /// How often a connection that nothing is asked of is looked after.
  private static let tick = Duration.milliseconds(50)

  /// Opens a database, whose tables are made where they are missing. Blocks until it is open.
  ///
  /// - Throws: `StoreError` where the server can't be reached, the user may not make tables, or the database is of a
  ///   newer daemon.
  public init(
    _ url: PostgresURL, options: PostgresOptions = PostgresOptions(), logger: Logger,
    clock: EngineClock = .system
  ) throws(StoreError) {
    self.options = options
    self.clock = clock
    keepsSearchIndex = options.keepsSearchIndex
    do throws(PostgresError) {
      let first = try PostgresConnection(url, patience: Self.patience)
      let identity = try Schema.prepare(first)
      try SearchIndex.prepare(first, isOn: options.keepsSearchIndex)
      epoch = identity.epoch
      let oldest = FeedStart(identity.oldest)
      self.oldest = oldest
      nodeNumber = try NodeNumber.take(first)
      let now = MessageID.lowest(at: clock.wall())
      _ = try first.run([PostgresStatement("SELECT make_partitions($1)", [.integer(now.rawValue)])])
      let state = try first.run([
        PostgresStatement("SELECT feed_horizon(), (SELECT max(id) FROM messages)")
      ])[0]
      horizon = FeedHorizon(at: UInt64(bitPattern: state.integer(0, 0)), isShared: true)
      highestMessageID = state.optionalInteger(0, 1).map { MessageID(rawValue: UInt64(bitPattern: $0)) }

      let (ledger, horizon, number, unknown) = (ledger, horizon, nodeNumber, unknown)
      let epoch = epoch
      let prepare = { (connection: PostgresConnection) throws(PostgresError) in
        guard try Schema.prepare(connection).epoch == epoch else {
          throw PostgresError("this is another database than the one that was opened: restart to use it")
        }
      }
      writerHealth = (0..<max(1, options.writers)).map { _ in LinkHealth() }
      writers = try writerHealth.enumerated().map { index, health throws(PostgresError) in
        let link = PostgresLink(
          url, name: "writer \(index)", patience: Self.patience, logger: logger, health: health,
          connection: try PostgresConnection(url, patience: Self.patience), prepare: prepare)
        let writer = Confined(
          Writer(
            link, batchLimit: options.batchLimit, clock: clock, horizon: horizon, ledger: ledger,
            unknown: unknown,
            logger: logger))
        return WorkerThread(limit: options.queueLimit, tick: Self.tick) { writer.value.commit($0) }
      }
      readerHealth = (0..<max(1, options.readers)).map { _ in LinkHealth() }
      // The first reader keeps the connection that holds the node's number.
      readers = try readerHealth.enumerated().map { index, health throws(PostgresError) in
        let link = PostgresLink(
          url, name: "reader \(index)", patience: Self.patience, logger: logger, health: health,
          connection: index == 0 ? first : try PostgresConnection(url, patience: Self.patience),
          prepare: { connection throws(PostgresError) in
            try prepare(connection)
            if index == 0 { try NodeNumber.retake(number, connection, logger) }
          })
        let isLast = index == max(1, options.readers) - 1
        let housekeeping =
          isLast ? Housekeeping(options: options, oldest: oldest, clock: clock, logger: logger) : nil
        let reader = Confined(
          Reader(link, ledger: ledger, housekeeping: housekeeping, logger: logger))
        return WorkerThread(limit: options.queueLimit, tick: Self.tick) { reader.value.ask($0) }
      }
    } catch {
      throw StoreError(error.description)
    }
  }

  public var oldestPosition: Position { oldest.position }

  /// What the store has done since it was opened.
  public var figures: PostgresFigures { ledger.figures }

  /// Whether all connections are open, as far as is known without asking.
  public var isConnected: Bool { (writerHealth + readerHealth).allSatisfy { $0.reason == nil } }

  /// How many changes wait for the writers; large ones count for several.
  public var waitingChanges: Int { writers.reduce(0) { $0 + $1.waitingWeight } }

  public func write(_ writes: [StoreWrite], then: @escaping @Sendable ([WriteResult]) -> Void) {
    guard !writes.isEmpty else { return then([]) }
    var parts = [[Int]](repeating: [], count: writers.count)
    for (index, write) in writes.enumerated() { parts[write.writer(of: writers.count)].append(index) }
    if let only = parts.firstIndex(where: { $0.count == writes.count }) {
      return submit(Submission(writes) { then(Array($0)) }, to: only)
    }
    let gathered = GatheredResults(parts: parts.count { !$0.isEmpty }, then: then)
    for (writer, places) in parts.enumerated() where !places.isEmpty {
      submit(Submission(writes, places: places) { gathered.add($0, at: places) }, to: writer)
    }
  }

  private func submit(_ submission: Submission, to writer: Int) {
    if let reason = writerHealth[writer].reason { return submission.fail(reason) }
    guard writers[writer].submit(submission, weight: submission.weight) else {
      return submission.fail("too many changes wait for the database, or it is closing")
    }
  }

  /// Puts a question to one of the readers.
  func read<Value>(
    _ statement: @escaping @Sendable () -> PostgresStatement,
    _ decode: @escaping @Sendable (PostgresResult) -> Value,
    _ then: @escaping @Sendable (Result<Value, StoreError>) -> Void
  ) {
    let reader = (nextReader.wrappingAdd(1, ordering: .relaxed).oldValue & Int.max) % readers.count
    if let reason = readerHealth[reader].reason { return then(.failure(StoreError(reason))) }
    let reading = Reading(statement: statement) { then($0.map(decode)) }
    if !readers[reader].submit(reading) {
      then(.failure(StoreError("too many questions wait for the database, or it is closing")))
    }
  }

  public func watchUnknown(_ handler: @escaping @Sendable () -> Void) { unknown.watch(handler) }

  public func ready(then: @escaping @Sendable (String?) -> Void) {
    if let reason = (writerHealth + readerHealth).lazy.compactMap(\.reason).first { return then(reason) }
    read({ PostgresStatement("SELECT epoch FROM meta") }, { _ in }) { result in
      if case .failure(let error) = result { then(error.description) } else { then(nil) }
    }
  }

  public func close() async {
    for writer in writers { await writer.end() }
    for reader in readers { await reader.end() }
  }
}

extension StoreWrite {
  /// Which of so many writers makes a change: what two users say to each other by the same one, what becomes of a
  /// message by the same one, and all else by the first. But what is taken to be pushed, and what became of it, is the
  /// last one's: so no transaction holds lanes of both kinds, which would let two of them wait for each other.
  fileprivate func writer(of count: Int) -> Int {
    var digest = Digest()
    switch self {
    case .message(let message, _):
      digest.combine(min(message.senderID, message.receiverID))
      digest.combine(max(message.senderID, message.receiverID))
    case .revision(let revision): digest.combine(revision.messageID.rawValue)
    case .receipt(let receipt):
      switch receipt.target {
      case .messages(let ids): digest.combine(ids.first?.rawValue ?? 0)
      case .upTo(let id): digest.combine(id.rawValue)
      }
    case .user, .rename, .link, .addDevice, .removeDevices, .revoke, .erase, .push, .pushesDecided,
      .takePushMarks, .endPushMarks, .deadLetter, .dropDeadLetters:
      return 0
    case .takePushes, .pushOutcome: return count - 1
    }
    // The lowest bits of this hash tell little: that of neighbouring names is often the same.
    return Int((digest.value >> 32) % UInt64(count))
  }
}

/// Hands a value to the one thread that is to use it.
///
/// `Sendable` is not checked by the compiler and holds because the value is made before the thread's first job is
/// submitted, and touched by no one but that thread's jobs afterwards.
private final class Confined<Value>: @unchecked Sendable {
  let value: Value

  init(_ value: Value) { self.value = value }
}

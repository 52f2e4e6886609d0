import Glibc
public import Logging
public import Pipeline
public import Services
import Synchronization

/// The store of a single node: one SQLite file, in the process, with nothing to install.
///
/// One thread writes: all changes that arrive while it commits share its next transaction (WAL,
/// `synchronous=FULL`), so a commit costs one flush however many wait. Since there is only one writer, positions in
/// the feed commit in their order, and a reader never sees one without all before it. One more thread reads, from
/// its own snapshot.
public final class SQLiteStore: Store {
  public let epoch: UInt64
  public let horizon: FeedHorizon
  public let highestMessageID: MessageID?

  private let lock: FileLock
  private let writer: WorkerThread<Submission>
  private let reader: WorkerThread<Reading>
  let keepsSearchIndex: Bool
  private let ledger: Ledger

  /// Changes that were handed over together.
  struct Submission: Sendable {
    let writes: [StoreWrite]
    let then: @Sendable ([WriteResult]) -> Void
  }

  /// A question, put to the reader's connection on its thread.
  struct Reading: Sendable {
    let run: @Sendable (SQLiteConnection) -> Void
  }

  /// Opens a database, which is made where it is missing. Blocks until it is open.
  ///
  /// - Throws: `StoreError` where it can't be opened, another daemon has it, or it is of a newer daemon.
  public init(
    path: String, options: SQLiteOptions = SQLiteOptions(), logger: Logger, clock: EngineClock = .system
  ) throws(StoreError) {
    try makeDirectory(of: path)
    lock = try FileLock(path: path)
    let connection = try SQLiteConnection(path: path)
    try connection.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
    if let limit = options.pageLimit { try connection.execute("PRAGMA max_page_count=\(limit)") }
    try Schema.migrate(connection)
    try SearchIndex.prepare(connection, isOn: options.keepsSearchIndex)
    keepsSearchIndex = options.keepsSearchIndex
    let position = UInt64(try connection.integer("SELECT position FROM meta") ?? 0)
    epoch = UInt64(try connection.integer("SELECT epoch FROM meta") ?? 0)
    highestMessageID = try connection.integer("SELECT max(id) FROM messages")
      .map { MessageID(rawValue: UInt64($0)) }
    let readConnection = try SQLiteConnection(path: path, readOnly: true)
    horizon = FeedHorizon(at: position)
    ledger = Ledger(position: position)

    let group = GroupCommit(
      connection: connection, position: position, options: options, logger: logger, clock: clock,
      ledger: ledger,
      horizon: horizon)
    // Each connection is used on its worker's thread alone from here on.
    let confinedGroup = Confined(group)
    writer = WorkerThread(limit: options.queueLimit) { confinedGroup.value.commit($0) }
    let confinedReader = Confined(readConnection)
    reader = WorkerThread(limit: 65_536) { readings in
      for reading in readings { reading.run(confinedReader.value) }
    }
  }

  /// A store that is dropped without having been closed, as tests do, leaves no thread and no file open.
  deinit {
    writer.dismiss()
    reader.dismiss()
  }

  /// The schema that this version writes.
  public static var newestSchemaVersion: Int { Schema.steps.count }

  /// The schema that a database has; `nil` where there is none.
  ///
  /// - Throws: `StoreError` where it can't be read.
  public static func schemaVersion(of path: String) throws(StoreError) -> Int? {
    guard access(path, F_OK) == 0 else { return nil }
    return try Schema.version(of: try SQLiteConnection(path: path, readOnly: true))
  }

  /// What the store has done since it was opened.
  public var figures: SQLiteFigures { ledger.figures }

  /// How many changes wait for the writer; large ones count for several.
  public var waitingChanges: Int { writer.waitingWeight }

  public func write(_ writes: [StoreWrite], then: @escaping @Sendable ([WriteResult]) -> Void) {
    guard writer.submit(Submission(writes: writes, then: then), weight: writes.weight) else {
      return then(
        writes.map { _ in .unavailable("too many changes wait for the database, or it is closing") })
    }
  }

  public func sync(_ request: SyncRequest, then: @escaping @Sendable (Result<SyncPage, StoreError>) -> Void) {
    let ledger = ledger
    read(then) { connection throws(StoreError) in
      try FeedQuery.page(request, connection, head: ledger.position)
    }
  }

  public func ready(then: @escaping @Sendable (String?) -> Void) {
    read(
      { (result: Result<Int64?, StoreError>) in
        if case .failure(let error) = result { then(error.description) } else { then(nil) }
      }, { connection throws(StoreError) in try connection.integer("SELECT epoch FROM meta") })
  }

  public func close() async {
    await writer.end()
    await reader.end()
    lock.release()
  }

  /// Puts a question to the reader.
  func read<Value>(
    _ then: @escaping @Sendable (Result<Value, StoreError>) -> Void,
    _ body: @escaping @Sendable (SQLiteConnection) throws(StoreError) -> Value
  ) {
    let reading = Reading { connection in then(Result { () throws(StoreError) in try body(connection) }) }
    if !reader.submit(reading) {
      then(.failure(StoreError("too many questions wait for the database, or it is closing")))
    }
  }
}

/// Hands a value to the one thread that is to use it.
private final class Confined<Value>: @unchecked Sendable {
  // Sendable holds because the value is made before the thread's first job is submitted, and touched by no one but
  // that thread's jobs afterwards.
  let value: Value

  init(_ value: Value) { self.value = value }
}

import CLibPQ
import Glibc

/// One connection to PostgreSQL, in pipeline mode. Owned by one thread, which waits on it: a transaction is one trip
/// there and back, however many statements it has.
final class PostgresConnection {
  private let handle: OpaquePointer
  private let patience: Duration
  /// The names that statements are prepared under, by where their text stands in the program.
  private var prepared: [UnsafePointer<UInt8>: String] = [:]

  /// Connects, and waits until the connection can be used.
  ///
  /// - Parameter patience: How long an answer may take before the connection is given up.
  init(_ url: PostgresURL, patience: Duration) throws(PostgresError) {
    // Of a keyword that comes twice the last value counts, so the address overrides what stands before it.
    let options = [
      ("connect_timeout", "5"), ("application_name", "sluice"), ("client_encoding", "UTF8"),
      ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
      ("dbname", url.text),
      // Every statement of ours goes by an index, also on tables of which nothing is known yet; and none is so
      // long that compiling it would pay.
      (
        "options",
        "-c search_path=sluice -c enable_seqscan=off -c plan_cache_mode=force_generic_plan -c jit=off"
          + " -c idle_in_transaction_session_timeout=60s -c lock_timeout=10s"
      ),
    ]
    let connection = Self.withCStrings(options.map(\.0)) { keywords in
      Self.withCStrings(options.map(\.1)) { PQconnectdbParams(keywords, $0, 1) }
    }
    guard let connection else { throw PostgresError("out of memory") }
    handle = connection
    self.patience = patience
    guard PQstatus(handle) == CONNECTION_OK else { throw failure() }
    // libpq would write notices to standard error.
    PQsetNoticeProcessor(handle, { _, _ in }, nil)
    guard PQsetnonblocking(handle, 1) == 0, PQenterPipelineMode(handle) == 1 else { throw failure() }
  }

  deinit { PQfinish(handle) }

  /// The server's version, as 150004 for 15.4.
  var serverVersion: Int { Int(PQserverVersion(handle)) }

  /// Whether the server has ended the connection, as far as can be told without asking it.
  var hasEnded: Bool { PQconsumeInput(handle) == 0 || PQstatus(handle) != CONNECTION_OK }

  /// Runs statements as one transaction.
  ///
  /// - Returns: What each of them gave.
  /// - Throws: ``PostgresError`` where one failed; then none of them has changed anything.
  func run(_ statements: [PostgresStatement]) throws(PostgresError) -> [PostgresResult] {
    switch try run([statements])[0] {
    case .success(let results): return results
    case .failure(let error): throw error
    }
  }

  /// Runs several transactions in one trip; each may fail by itself.
  ///
  /// - Throws: ``PostgresError`` where the connection failed; what became of the transactions is not known then.
  func run(
    _ transactions: [[PostgresStatement]]
  ) throws(PostgresError) -> [Result<[PostgresResult], PostgresError>] {
    try prepare(transactions)
    for statements in transactions {
      for statement in statements { try send(statement) }
      guard PQpipelineSync(handle) == 1 else { throw failure() }
    }
    return try receive(transactions.count)
  }

  /// Runs SQL of several statements, as one transaction, without preparing anything.
  func execute(_ sql: String) throws(PostgresError) {
    guard PQexitPipelineMode(handle) == 1 else { throw failure() }
    defer { _ = PQenterPipelineMode(handle) }
    guard PQsendQuery(handle, sql) == 1 else { throw failure() }
    var fault: PostgresError?
    while true {
      try awaitResult()
      guard let result = PQgetResult(handle) else { break }
      defer { PQclear(result) }
      let status = PQresultStatus(result)
      if status != PGRES_COMMAND_OK, status != PGRES_TUPLES_OK { fault = fault ?? Self.fault(of: result) }
    }
    if let fault { throw fault }
  }

  /// Prepares what these transactions need and was not prepared yet, in a trip of its own: where it fails, the
  /// transactions have not begun.
  private func prepare(_ transactions: [[PostgresStatement]]) throws(PostgresError) {
    var fresh: [(key: UnsafePointer<UInt8>, name: String)] = []
    for statement in transactions.joined() {
      let key = statement.sql.utf8Start
      guard prepared[key] == nil, !fresh.contains(where: { $0.key == key }) else { continue }
      let name = "s\(prepared.count + fresh.count)"
      guard PQsendPrepare(handle, name, "\(statement.sql)", 0, nil) == 1 else { throw failure() }
      fresh.append((key, name))
    }
    guard !fresh.isEmpty else { return }
    guard PQpipelineSync(handle) == 1 else { throw failure() }
    if case .failure(let error) = try receive(1)[0] { throw error }
    for statement in fresh { prepared[statement.key] = statement.name }
  }

  private func send(_ statement: PostgresStatement) throws(PostgresError) {
    guard let name = prepared[statement.sql.utf8Start] else {
      throw PostgresError("a statement is not prepared")
    }
    let values = statement.values.map(\.bytes)
    let formats = [Int32](repeating: 1, count: values.count)
    let lengths = values.map { Int32($0?.count ?? 0) }
    let sent = Self.withPointers(values) { pointers in
      PQsendQueryPrepared(handle, name, Int32(values.count), pointers, lengths, formats, 1)
    }
    guard sent == 1 else { throw failure() }
  }

  /// Collects what a number of transactions gave.
  private func receive(_ count: Int) throws(PostgresError) -> [Result<[PostgresResult], PostgresError>] {
    var finished: [Result<[PostgresResult], PostgresError>] = []
    var results: [PostgresResult] = []
    var fault: PostgresError?
    while finished.count < count {
      try awaitResult()
      // A statement's results end with none; so does the gap between two statements.
      guard let handle = PQgetResult(handle) else { continue }
      let result = PostgresResult(handle)
      switch PQresultStatus(handle) {
      case PGRES_PIPELINE_SYNC:
        finished.append(fault.map { .failure($0) } ?? .success(results))
        results = []
        fault = nil
      case PGRES_COMMAND_OK, PGRES_TUPLES_OK: results.append(result)
      case PGRES_PIPELINE_ABORTED: break
      default:
        fault = fault ?? Self.fault(of: handle)
        if fault?.state == nil { throw failure() }
      }
    }
    return finished
  }

  /// Waits until a result can be taken without waiting, and sends meanwhile what has not been sent.
  private func awaitResult() throws(PostgresError) {
    let deadline = ContinuousClock.now + patience
    while true {
      let unsent = PQflush(handle)
      guard unsent >= 0 else { throw failure() }
      if PQisBusy(handle) == 0 { return }
      let left = deadline - .now
      guard left > .zero else { throw PostgresError("no answer within \(patience)") }
      var event = pollfd(
        fd: PQsocket(handle), events: Int16(unsent == 0 ? POLLIN : POLLIN | POLLOUT), revents: 0)
      _ = poll(&event, 1, Int32(clamping: left.components.seconds * 1000 + 1000))
      if event.revents & ~Int16(POLLOUT) != 0, PQconsumeInput(handle) == 0 { throw failure() }
    }
  }

  private func failure() -> PostgresError {
    let text = PQerrorMessage(handle).map { String(cString: $0) } ?? ""
    return PostgresError(text.isEmpty ? "the connection has ended" : text)
  }

  private static func fault(of result: OpaquePointer) -> PostgresError {
    // `PG_DIAG_SQLSTATE` and `PG_DIAG_MESSAGE_PRIMARY` are characters, which are not imported.
    func field(_ code: Character) -> String? {
      code.asciiValue.flatMap { PQresultErrorField(result, Int32($0)) }.map { String(cString: $0) }
    }
    let text = field("M") ?? PQresultErrorMessage(result).map { String(cString: $0) } ?? ""
    return PostgresError(text, state: field("C"))
  }

  private static func withCStrings<Value>(
    _ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Value
  ) -> Value {
    let copies = texts.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return (copies.map { UnsafePointer($0) } + [nil]).withUnsafeBufferPointer { body($0.baseAddress) }
  }

  /// Hands pointers to the bytes of values to `body`; they lie one after the other in one buffer.
  private static func withPointers<Value>(
    _ values: [[UInt8]?], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Value
  ) -> Value {
    var buffer: [UInt8] = []
    buffer.reserveCapacity(values.reduce(1) { $0 + ($1?.count ?? 0) })
    for value in values { if let value { buffer += value } }
    // An empty value is not null: it needs an address too.
    buffer.append(0)
    return buffer.withUnsafeBytes { bytes in
      var start = 0
      let pointers = values.map { value -> UnsafePointer<CChar>? in
        guard let value else { return nil }
        defer { start += value.count }
        return bytes.baseAddress.map { ($0 + start).assumingMemoryBound(to: CChar.self) }
      }
      return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
    }
  }
}

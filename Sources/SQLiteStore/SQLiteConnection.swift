import CSQLite
import Services

/// One connection to a database file. Owned by one thread at a time.
final class SQLiteConnection {
  private let handle: OpaquePointer
  private var statements: [String: OpaquePointer] = [:]

  /// Opens a file, which is made where it is missing unless the connection only reads.
  init(path: String, readOnly: Bool = false) throws(StoreError) {
    var handle: OpaquePointer?
    let flags =
      (readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) | SQLITE_OPEN_NOMUTEX
    let result = sqlite3_open_v2(path, &handle, flags, nil)
    guard result == SQLITE_OK, let handle else {
      let reason = String(cString: sqlite3_errstr(result))
      sqlite3_close_v2(handle)
      throw StoreError("can't open '\(path)': \(reason)")
    }
    self.handle = handle
    sqlite3_extended_result_codes(handle, 1)
    sqlite3_busy_timeout(handle, 5000)
  }

  deinit {
    for statement in statements.values { sqlite3_finalize(statement) }
    sqlite3_close_v2(handle)
  }

  /// Runs statements that give no rows and take no values.
  func execute(_ sql: String) throws(StoreError) {
    guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw failure() }
  }

  /// Runs a prepared statement that gives no rows.
  ///
  /// - Returns: How many rows it changed.
  @discardableResult
  func run(_ sql: String, _ values: [SQLiteValue] = []) throws(StoreError) -> Int {
    try rows(sql, values) { _ in }
    return Int(sqlite3_changes(handle))
  }

  /// Runs a prepared statement and hands each row to `body`.
  func rows(_ sql: String, _ values: [SQLiteValue] = [], _ body: (SQLiteRow) -> Void) throws(StoreError) {
    let statement = try prepared(sql)
    defer {
      sqlite3_reset(statement)
      sqlite3_clear_bindings(statement)
    }
    for (index, value) in values.enumerated() {
      guard value.bind(to: statement, at: Int32(index + 1)) == SQLITE_OK else { throw failure() }
    }
    while true {
      switch sqlite3_step(statement) {
      case SQLITE_ROW: body(SQLiteRow(statement: statement))
      case SQLITE_DONE: return
      default: throw failure()
      }
    }
  }

  /// The first column of the first row as a number; `nil` where there is no row or it is null.
  func integer(_ sql: String, _ values: [SQLiteValue] = []) throws(StoreError) -> Int64? {
    var found: Int64?
    try rows(sql, values) { row in if found == nil { found = row.optionalInteger(0) } }
    return found
  }

  /// Whether a transaction is open: an error may have ended it.
  var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

  private func prepared(_ sql: String) throws(StoreError) -> OpaquePointer {
    if let statement = statements[sql] { return statement }
    var statement: OpaquePointer?
    guard
      sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil) == SQLITE_OK,
      let statement
    else { throw failure() }
    statements[sql] = statement
    return statement
  }

  private func failure() -> StoreError { StoreError("SQLite: " + String(cString: sqlite3_errmsg(handle))) }
}

/// A value for a statement's parameter.
enum SQLiteValue {
  case null
  case integer(Int64)
  case text(String)
  case blob([UInt8])

  static func integer(_ number: UInt64) -> SQLiteValue { .integer(Int64(bitPattern: number)) }

  static func text(_ text: String?) -> SQLiteValue { text.map { .text($0) } ?? .null }

  /// `SQLITE_TRANSIENT`: SQLite makes its own copy, since the bytes are gone when the call returns.
  private static var transient: sqlite3_destructor_type {
    unsafeBitCast(-1, to: sqlite3_destructor_type.self)
  }

  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
    switch self {
    case .null: return sqlite3_bind_null(statement, index)
    case .integer(let number): return sqlite3_bind_int64(statement, index, number)
    case .blob(let bytes):
      return bytes.withUnsafeBytes { bytes in
        guard let start = bytes.baseAddress, !bytes.isEmpty else {
          return sqlite3_bind_zeroblob(statement, index, 0)
        }
        return sqlite3_bind_blob(statement, index, start, Int32(bytes.count), Self.transient)
      }
    case .text(var text):
      return text.withUTF8 { bytes in
        return bytes.withMemoryRebound(to: CChar.self) { characters in
          guard let start = characters.baseAddress else {
            return sqlite3_bind_text(statement, index, "", 0, Self.transient)
          }
          return sqlite3_bind_text(statement, index, start, Int32(characters.count), Self.transient)
        }
      }
    }
  }
}

/// The row that a statement stands on; good only until it moves on.
struct SQLiteRow {
  let statement: OpaquePointer

  func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

  func optionalInteger(_ column: Int32) -> Int64? {
    sqlite3_column_type(statement, column) == SQLITE_NULL ? nil : integer(column)
  }

  func text(_ column: Int32) -> String { optionalText(column) ?? "" }

  func optionalText(_ column: Int32) -> String? {
    guard let start = sqlite3_column_text(statement, column) else { return nil }
    let count = Int(sqlite3_column_bytes(statement, column))
    return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  }

  func blob(_ column: Int32) -> [UInt8] {
    guard let start = sqlite3_column_blob(statement, column) else { return [] }
    return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column))))
  }
}

import CLibPQ

/// The rows that a statement gave, in PostgreSQL's binary format.
final class PostgresResult {
  private let handle: OpaquePointer

  init(_ handle: OpaquePointer) { self.handle = handle }

  deinit { PQclear(handle) }

  var rows: Range<Int> { 0..<Int(PQntuples(handle)) }

  func isNull(_ row: Int, _ column: Int) -> Bool { PQgetisnull(handle, Int32(row), Int32(column)) == 1 }

  /// An integer of two, four or eight bytes; zero where it is null.
  func integer(_ row: Int, _ column: Int) -> Int64 {
    let bytes = bytes(row, column)
    var value: UInt64 = 0
    for byte in bytes { value = value << 8 | UInt64(byte) }
    switch bytes.count {
    case 4: return Int64(Int32(truncatingIfNeeded: value))
    case 2: return Int64(Int16(truncatingIfNeeded: value))
    default: return Int64(bitPattern: value)
    }
  }

  func optionalInteger(_ row: Int, _ column: Int) -> Int64? {
    isNull(row, column) ? nil : integer(row, column)
  }

  func bool(_ row: Int, _ column: Int) -> Bool { bytes(row, column).first == 1 }

  func text(_ row: Int, _ column: Int) -> String { String(decoding: bytes(row, column), as: UTF8.self) }

  func optionalText(_ row: Int, _ column: Int) -> String? {
    isNull(row, column) ? nil : text(row, column)
  }

  func data(_ row: Int, _ column: Int) -> [UInt8] { Array(bytes(row, column)) }

  private func bytes(_ row: Int, _ column: Int) -> UnsafeBufferPointer<UInt8> {
    let count = Int(PQgetlength(handle, Int32(row), Int32(column)))
    guard let start = PQgetvalue(handle, Int32(row), Int32(column)) else {
      return UnsafeBufferPointer(start: nil, count: 0)
    }
    // The bytes belong to the result, which outlives this call's caller's use of them.
    return UnsafeRawBufferPointer(start: start, count: count).bindMemory(to: UInt8.self)
  }
}

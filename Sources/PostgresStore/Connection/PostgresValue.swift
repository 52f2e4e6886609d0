/// A value for a statement's parameter, in PostgreSQL's binary format.
enum PostgresValue {
  case null
  case integer(Int64)
  case bool(Bool)
  case text(String)
  /// A `bytea`.
  case data([UInt8])
  case array(PostgresArray)

  static func integer(_ number: UInt64) -> PostgresValue { .integer(Int64(bitPattern: number)) }

  static func text(_ text: String?) -> PostgresValue { text.map { .text($0) } ?? .null }

  /// An array of `bigint`.
  static func integers(_ numbers: [Int64?]) -> PostgresValue {
    array(of: .bigint, numbers) { $0.append($1) }
  }

  /// An array of `text`.
  static func texts(_ texts: [String?]) -> PostgresValue { array(of: .text, texts) { $0.append($1) } }

  /// An array of `boolean`.
  static func bools(_ flags: [Bool]) -> PostgresValue { array(of: .bool, flags) { $0.append($1) } }

  private static func array<Value>(
    of element: PostgresArray.Element, _ values: [Value], _ append: (inout PostgresArray, Value) -> Void
  ) -> PostgresValue {
    var array = PostgresArray(of: element)
    for value in values { append(&array, value) }
    return .array(array)
  }

  /// The bytes on the wire; `nil` for null.
  var bytes: [UInt8]? {
    var bytes: [UInt8] = []
    switch self {
    case .null: return nil
    case .integer(let number): bytes.append(big: UInt64(bitPattern: number))
    case .bool(let flag): bytes.append(flag ? 1 : 0)
    case .text(let text): bytes.append(contentsOf: text.utf8)
    case .data(let data): return data
    case .array(let array): return array.bytes
    }
    return bytes
  }
}

extension [UInt8] {
  /// Appends a number's bytes, the highest first.
  mutating func append<Number: FixedWidthInteger>(big number: Number) {
    Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
  }
}

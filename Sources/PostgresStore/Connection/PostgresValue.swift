/// A value for a statement's parameter, in PostgreSQL's binary format.
enum PostgresValue {
  case null
  case integer(Int64)
  case bool(Bool)
  case text(String)
  /// A `bytea`.
  case data([UInt8])
  /// An array of `bigint`.
  case integers([Int64?])
  /// An array of `text`.
  case texts([String?])
  /// An array of `boolean`.
  case bools([Bool])

  static func integer(_ number: UInt64) -> PostgresValue { .integer(Int64(bitPattern: number)) }

  static func text(_ text: String?) -> PostgresValue { text.map { .text($0) } ?? .null }

  /// The bytes on the wire; `nil` for null.
  var bytes: [UInt8]? {
    var bytes: [UInt8] = []
    switch self {
    case .null: return nil
    case .integer(let number): bytes.append(big: UInt64(bitPattern: number))
    case .bool(let flag): bytes.append(flag ? 1 : 0)
    case .text(let text): bytes.append(contentsOf: text.utf8)
    case .data(let data): return data
    case .integers(let numbers):
      bytes.reserveCapacity(20 + numbers.count * 12)
      bytes.appendArrayHead(of: 20, count: numbers.count, hasNull: numbers.contains { $0 == nil })
      for number in numbers {
        guard let number else {
          bytes.append(big: UInt32.max)
          continue
        }
        bytes.append(big: UInt32(8))
        bytes.append(big: UInt64(bitPattern: number))
      }
    case .texts(let texts):
      bytes.reserveCapacity(20 + texts.reduce(0) { $0 + 4 + ($1?.utf8.count ?? 0) })
      bytes.appendArrayHead(of: 25, count: texts.count, hasNull: texts.contains { $0 == nil })
      for text in texts {
        guard let text else {
          bytes.append(big: UInt32.max)
          continue
        }
        bytes.append(big: UInt32(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
      }
    case .bools(let flags):
      bytes.reserveCapacity(20 + flags.count * 5)
      bytes.appendArrayHead(of: 16, count: flags.count, hasNull: false)
      for flag in flags {
        bytes.append(big: UInt32(1))
        bytes.append(flag ? 1 : 0)
      }
    }
    return bytes
  }
}

extension [UInt8] {
  fileprivate mutating func append<Number: FixedWidthInteger>(big number: Number) {
    Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
  }

  /// The head of an array of one dimension: how many dimensions, whether it holds nulls, of which type (by its object
  /// id in `pg_type`), its length and its lowest index; an empty one has no dimension.
  ///
  /// Source: PostgreSQL's `src/backend/utils/adt/arrayfuncs.c`, `array_recv`.
  fileprivate mutating func appendArrayHead(of type: UInt32, count: Int, hasNull: Bool) {
    append(big: UInt32(count == 0 ? 0 : 1))
    append(big: UInt32(hasNull ? 1 : 0))
    append(big: type)
    guard count > 0 else { return }
    append(big: UInt32(count))
    append(big: UInt32(1))
  }
}

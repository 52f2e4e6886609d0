/// An array of one dimension for a statement's parameter, put together in PostgreSQL's binary format as its elements come.
///
/// Its head: how many dimensions, whether it holds nulls, of which type (by its object id in `pg_type`), its length and
/// its lowest index; an empty one has no dimension. Then come the elements, each behind its length.
///
/// Source: PostgreSQL's `src/backend/utils/adt/arrayfuncs.c`, `array_recv`.
struct PostgresArray {
  /// A type of elements, by its object id.
  enum Element: UInt32 {
    case bool = 16
    case bigint = 20
    case text = 25
  }

  private static let headSize = 20

  private let element: Element
  private var count = 0
  private var hasNull = false
  /// The head, which is written last, and the elements.
  private var content: [UInt8]

  init(of element: Element) {
    self.element = element
    content = [UInt8](repeating: 0, count: Self.headSize)
  }

  mutating func append(_ number: Int64) {
    count += 1
    content.append(big: UInt32(8))
    content.append(big: UInt64(bitPattern: number))
  }

  mutating func append(_ number: UInt64) { append(Int64(bitPattern: number)) }

  mutating func append(_ text: String) {
    count += 1
    content.append(big: UInt32(text.utf8.count))
    content.append(contentsOf: text.utf8)
  }

  mutating func append(_ flag: Bool) {
    count += 1
    content.append(big: UInt32(1))
    content.append(flag ? 1 : 0)
  }

  mutating func appendNull() {
    count += 1
    hasNull = true
    content.append(big: UInt32.max)
  }

  mutating func append(_ number: Int64?) { if let number { append(number) } else { appendNull() } }

  mutating func append(_ text: String?) { if let text { append(text) } else { appendNull() } }

  /// The bytes on the wire.
  var bytes: [UInt8] {
    var head: [UInt8] = []
    head.append(big: UInt32(count == 0 ? 0 : 1))
    head.append(big: UInt32(hasNull ? 1 : 0))
    head.append(big: element.rawValue)
    guard count > 0 else { return head }
    head.append(big: UInt32(count))
    head.append(big: UInt32(1))
    var bytes = content
    bytes.replaceSubrange(..<Self.headSize, with: head)
    return bytes
  }
}

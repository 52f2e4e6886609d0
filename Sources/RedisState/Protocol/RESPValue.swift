/// A reply of the server, in version 2 of its protocol.
enum RESPValue: Sendable, Equatable {
  case null
  case integer(Int64)
  /// A status or a bulk string.
  case string([UInt8])
  case error(String)
  case array([RESPValue])

  /// The elements of an array, else none.
  var elements: [RESPValue] { if case .array(let elements) = self { elements } else { [] } }

  /// The bytes of a string.
  var bytes: [UInt8]? { if case .string(let bytes) = self { bytes } else { nil } }

  /// A string as text.
  var text: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

  /// An integer, also one written as a string.
  var integer: Int64? {
    switch self {
    case .integer(let number): number
    case .string(let bytes): Int64(String(decoding: bytes, as: UTF8.self))
    default: nil
    }
  }
}

import Glibc

/// A text as the key of a collection, by its bytes.
///
/// Two texts are equal for Swift that differ in how they compose a character ("é" as one scalar or as two); as names of
/// users they are two, as they are for the stores and for Redis.
public struct ExactText: Hashable, Sendable {
  /// The text.
  public let text: String

  /// A text as a key.
  public init(_ text: String) { self.text = text }

  /// Whether both have the same bytes.
  public static func == (one: ExactText, other: ExactText) -> Bool {
    guard one.text.utf8.count == other.text.utf8.count else { return false }
    let isEqual = one.text.utf8.withContiguousStorageIfAvailable { one in
      other.text.utf8.withContiguousStorageIfAvailable { other in
        guard let first = one.baseAddress, let second = other.baseAddress else { return true }
        return memcmp(first, second, one.count) == 0
      }
    }
    return (isEqual ?? nil) ?? one.text.utf8.elementsEqual(other.text.utf8)
  }

  public func hash(into hasher: inout Hasher) {
    let isHashed: Void? = text.utf8.withContiguousStorageIfAvailable {
      hasher.combine(bytes: UnsafeRawBufferPointer($0))
    }
    if isHashed == nil { for byte in text.utf8 { hasher.combine(byte) } }
  }
}

/// A stream of bytes that a server has cut into frames wherever it liked: keeps what is not whole yet. How much that may be
/// is for those who read it to say.
struct FrameStream {
  /// The longest message or packet that is waited for.
  static let bytesMax = 16 << 20

  private var rest: [UInt8] = []

  /// What is to be read now: what was kept, and a frame's payload after it. A payload after nothing is not copied.
  mutating func join(_ payload: [UInt8]) -> ArraySlice<UInt8> {
    guard !rest.isEmpty else { return payload[...] }
    rest.append(contentsOf: payload)
    defer { rest = [] }
    return rest[...]
  }

  /// Keeps what could not be read yet.
  mutating func keep(_ unread: ArraySlice<UInt8>) {
    if !unread.isEmpty { rest = Array(unread) }
  }
}

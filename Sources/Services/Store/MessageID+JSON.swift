package import Pipeline

extension JSONObjectWriter {
  /// Writes the text of a message's id.
  package mutating func member(_ key: StaticString, _ id: MessageID) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: MessageID.length) { text in
      _ = id.write(to: text)
      member(key, plain: UnsafeBufferPointer(text))
    }
  }
}

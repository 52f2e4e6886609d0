import NIOCore

/// Writes commands as the server reads them: an array of bulk strings each.
struct RESPWriter {
  private(set) var buffer = ByteBuffer()
  /// Where the first key is, which decides the slot of a cluster.
  private(set) var key: Range<Int>?

  var count: Int { buffer.readableBytes }

  /// Begins a command of a number of words, which must follow.
  mutating func begin(_ words: Int) { line(UInt8(ascii: "*"), words) }

  /// Writes a word.
  mutating func word(_ text: String) {
    var text = text
    text.withUTF8 { bytes in word(bytes) }
  }

  /// Writes a word of any bytes.
  mutating func word(_ bytes: some RandomAccessCollection<UInt8>) {
    line(UInt8(ascii: "$"), bytes.count)
    buffer.writeBytes(bytes)
    end()
  }

  /// Writes a number as a word.
  mutating func word(_ number: Int64) { word(String(number)) }

  /// Writes a number as a word.
  mutating func word(_ number: Int) { word(String(number)) }

  /// Writes a word that is a key, or a channel of a slot.
  mutating func key(_ text: String) {
    word(text)
    let end = count - 2
    if key == nil { key = end - text.utf8.count..<end }
  }

  /// Writes what another has written.
  mutating func append(_ other: RESPWriter) {
    if key == nil, let range = other.key { key = range.lowerBound + count..<range.upperBound + count }
    buffer.writeImmutableBuffer(other.buffer)
  }

  private mutating func line(_ kind: UInt8, _ number: Int) {
    buffer.writeInteger(kind)
    buffer.writeString(String(number))
    end()
  }

  private mutating func end() { buffer.writeInteger(0x0D0A as UInt16) }
}

import NIOCore

/// Writes commands as the server reads them: an array of bulk strings each.
///
/// Each word in one piece: what a write to a buffer costs is hardly in the bytes.
struct RESPWriter {
  /// The most bytes of a number with its sign, and of a line that announces one.
  private static let numberMax = 20
  private static let lineMax = numberMax + 3

  private(set) var buffer = ByteBuffer()
  /// Where the first key is, which decides the slot of a cluster.
  private(set) var key: Range<Int>?

  var count: Int { buffer.readableBytes }

  /// Begins a command of a number of words, which must follow.
  mutating func begin(_ words: Int) { line("*", words) }

  /// Writes a word.
  mutating func word(_ text: String) {
    var text = text
    text.withUTF8 { bytes in word(bytes) }
  }

  /// Writes a word of any bytes.
  mutating func word(_ bytes: some RandomAccessCollection<UInt8>) {
    let count = bytes.count
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.lineMax + count + 2) { space in
      var end = Self.line("$", count, in: space)
      UnsafeMutableRawBufferPointer(rebasing: space[end..<end + count]).copyBytes(from: bytes)
      end += count
      return Self.end(in: space, at: end)
    }
  }

  /// Writes a number as a word.
  mutating func word(_ number: Int64) {
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.lineMax + Self.numberMax + 2) { space in
      let sign = number < 0 ? 1 : 0
      let digits = Self.digits(of: number.magnitude)
      var end = Self.line("$", sign + digits, in: space)
      if sign > 0 { space[end] = UInt8(ascii: "-") }
      end += sign
      end = Self.write(number.magnitude, digits, in: space, at: end)
      return Self.end(in: space, at: end)
    }
  }

  /// Writes a number as a word.
  mutating func word(_ number: Int) { word(Int64(number)) }

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

  private mutating func line(_ kind: Unicode.Scalar, _ number: Int) {
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.lineMax) { Self.line(kind, number, in: $0) }
  }

  /// Writes a line that announces so many words or bytes. Gives where it ends, as do all of these.
  private static func line(_ kind: Unicode.Scalar, _ number: Int, in space: UnsafeMutableRawBufferPointer)
    -> Int
  {
    space[0] = UInt8(ascii: kind)
    return end(in: space, at: write(number.magnitude, digits(of: number.magnitude), in: space, at: 1))
  }

  private static func write(
    _ number: some FixedWidthInteger & UnsignedInteger, _ digits: Int,
    in space: UnsafeMutableRawBufferPointer,
    at start: Int
  ) -> Int {
    var rest = number
    for place in (start..<start + digits).reversed() {
      space[place] = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
    }
    return start + digits
  }

  private static func digits(of number: some FixedWidthInteger & UnsignedInteger) -> Int {
    var (count, rest) = (1, number / 10)
    while rest > 0 { (count, rest) = (count + 1, rest / 10) }
    return count
  }

  private static func end(in space: UnsafeMutableRawBufferPointer, at place: Int) -> Int {
    space[place] = 0x0D
    space[place + 1] = 0x0A
    return place + 2
  }
}

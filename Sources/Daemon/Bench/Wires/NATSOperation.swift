/// One operation as a NATS server sends it to its clients.
enum NATSOperation: Equatable {
  case info
  case ping
  case message(Message)
  case error(String)
  /// What wants nothing: `+OK` and `PONG`.
  case other
  /// Bytes that are no operation: nothing after them can be read.
  case broken

  /// A message for one of the client's subscriptions.
  struct Message: Equatable {
    let subject: String
    let subscription: Int
    let reply: String?
    /// What its headers begin with, where it is not a message but says what became of one.
    let status: String?
    let payload: ArraySlice<UInt8>
  }

  // A client's two subscriptions.
  static let replies = 1
  static let deliveries = 2

  /// The longest line: the server's description of itself is the longest there is.
  private static let lineBytesMax = 65_536

  /// Takes the next one; `nil` where it has not come whole, and then nothing is taken.
  static func take(from bytes: inout ArraySlice<UInt8>) -> NATSOperation? {
    guard let newline = bytes.firstIndex(of: UInt8(ascii: "\n")) else {
      return bytes.count > lineBytesMax ? .broken : nil
    }
    guard newline > bytes.startIndex, bytes[newline - 1] == UInt8(ascii: "\r") else { return .broken }
    let words = bytes[..<(newline - 1)].split(separator: UInt8(ascii: " "))
    guard let name = words.first else { return .broken }
    let after = newline + 1
    let operation: NATSOperation
    switch String(decoding: name, as: UTF8.self) {
    case "MSG": return takeMessage(words, hasHeaders: false, from: &bytes, at: after)
    case "HMSG": return takeMessage(words, hasHeaders: true, from: &bytes, at: after)
    case "PING": operation = .ping
    case "INFO": operation = .info
    case "+OK", "PONG": operation = .other
    case "-ERR":
      operation = .error(String(decoding: bytes[name.endIndex..<(newline - 1)].dropFirst(), as: UTF8.self))
    default: return .broken
    }
    bytes = bytes[after...]
    return operation
  }

  /// `MSG subject sid [reply] bytes` or `HMSG subject sid [reply] header-bytes bytes`, and the bytes after it.
  private static func takeMessage(
    _ words: [ArraySlice<UInt8>], hasHeaders: Bool, from bytes: inout ArraySlice<UInt8>, at start: Int
  ) -> NATSOperation? {
    let lengthCount = hasHeaders ? 2 : 1
    let lengths = words.suffix(lengthCount).compactMap { Int(String(decoding: $0, as: UTF8.self)) }
    guard (3...4).contains(words.count - lengthCount), lengths.count == lengthCount,
      let subscription = Int(String(decoding: words[2], as: UTF8.self)),
      let length = lengths.last, (0...FrameStream.bytesMax).contains(length)
    else { return .broken }
    let headerLength = hasHeaders ? lengths[0] : 0
    guard (0...length).contains(headerLength) else { return .broken }
    let end = start + length
    guard bytes.endIndex >= end + 2 else { return nil }
    guard bytes[end] == UInt8(ascii: "\r"), bytes[end + 1] == UInt8(ascii: "\n") else { return .broken }
    let message = Message(
      subject: String(decoding: words[1], as: UTF8.self), subscription: subscription,
      reply: words.count - lengthCount == 4 ? String(decoding: words[3], as: UTF8.self) : nil,
      status: hasHeaders ? status(bytes[start..<(start + headerLength)]) : nil,
      payload: bytes[(start + headerLength)..<end])
    bytes = bytes[(end + 2)...]
    return .message(message)
  }

  /// What follows the version in the first line of headers.
  private static func status(_ headers: ArraySlice<UInt8>) -> String? {
    let line = headers.prefix { $0 != UInt8(ascii: "\r") }
    guard let space = line.firstIndex(of: UInt8(ascii: " ")) else { return nil }
    return String(decoding: line[(space + 1)...], as: UTF8.self)
  }
}

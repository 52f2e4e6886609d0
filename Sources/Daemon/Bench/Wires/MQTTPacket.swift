/// One control packet as an MQTT 3.1.1 broker sends it, as far as a load's clients are sent any.
enum MQTTPacket: Equatable {
  /// With its return code, 0 of a client that is welcome.
  case connectionAcknowledged(UInt8)
  /// Whether with the quality that was asked for.
  case subscribed(Bool)
  /// A message; with the packet's number, where it is to be acknowledged.
  case published(UInt16?, ArraySlice<UInt8>)
  case publishAcknowledged(UInt16)
  case pong
  /// Bytes that are no packet for a client: nothing after them can be read.
  case broken

  /// The types of packets (section 2.2.1).
  enum Kind: UInt8 {
    case connect = 1
    case connectionAcknowledged = 2
    case publish = 3
    case publishAcknowledged = 4
    case subscribe = 8
    case subscribed = 9
    case pong = 13
  }

  /// Takes the next one; `nil` where it has not come whole, and then nothing is taken.
  static func take(from bytes: inout ArraySlice<UInt8>) -> MQTTPacket? {
    guard let first = bytes.first else { return nil }
    // Seven bits a byte, the lowest first; four bytes at most (section 2.2.3).
    var length = 0
    var position = bytes.startIndex + 1
    for shift in [0, 7, 14, 21] {
      guard position < bytes.endIndex else { return nil }
      let byte = bytes[position]
      position += 1
      length |= Int(byte & 0x7F) << shift
      if byte & 0x80 == 0 { break }
      if shift == 21 { return .broken }
    }
    guard length <= FrameStream.bytesMax else { return .broken }
    guard bytes.endIndex - position >= length else { return nil }
    let body = bytes[position..<(position + length)]
    bytes = bytes[(position + length)...]
    return read(Kind(rawValue: first >> 4), flags: first & 0x0F, body) ?? .broken
  }

  private static func read(_ kind: Kind?, flags: UInt8, _ body: ArraySlice<UInt8>) -> MQTTPacket? {
    var body = body
    switch (kind, flags) {
    case (.connectionAcknowledged, 0) where body.count == 2:
      return body.last.map { .connectionAcknowledged($0) }
    case (.subscribed, 0) where body.count == 3: return .subscribed(body.last == 1)
    case (.publishAcknowledged, 0) where body.count == 2:
      return takeNumber(&body).map { .publishAcknowledged($0) }
    case (.pong, 0) where body.isEmpty: return .pong
    case (.publish, _):
      guard let topicLength = takeNumber(&body), body.count >= Int(topicLength) else { return nil }
      body = body.dropFirst(Int(topicLength))
      switch flags >> 1 & 0b11 {
      case 0: return .published(nil, body)
      case 1: return takeNumber(&body).map { .published($0, body) }
      default: return nil
      }
    default: return nil
    }
  }

  private static func takeNumber(_ bytes: inout ArraySlice<UInt8>) -> UInt16? {
    guard let high = bytes.popFirst(), let low = bytes.popFirst() else { return nil }
    return UInt16(high) << 8 | UInt16(low)
  }

  /// Puts a packet together.
  struct Writer {
    private let first: UInt8
    private var body: [UInt8] = []

    init(_ kind: Kind, flags: UInt8 = 0, reserving capacity: Int = 64) {
      first = kind.rawValue << 4 | flags
      body.reserveCapacity(capacity)
    }

    mutating func append(_ bytes: some Sequence<UInt8>) { body.append(contentsOf: bytes) }

    mutating func append(_ number: UInt16) {
      append([UInt8(number >> 8), UInt8(truncatingIfNeeded: number)])
    }

    /// A text with its length, which must fit into two bytes.
    mutating func append(_ text: String) {
      let bytes = text.utf8.prefix(Int(UInt16.max))
      append(UInt16(bytes.count))
      append(bytes)
    }

    consuming func finish() -> [UInt8] {
      var packet: [UInt8] = [first]
      packet.reserveCapacity(body.count + 5)
      var length = body.count
      repeat {
        packet.append(UInt8(length & 0x7F) | (length > 0x7F ? 0x80 : 0))
        length >>= 7
      } while length > 0
      return packet + body
    }
  }
}

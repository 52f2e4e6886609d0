/// An event for a client, encoded once: `{"type":…,"data":{…}}`. However many receive it, all share this one object.
public final class OutgoingEvent: Sendable {
  /// What it is.
  public let type: EventType
  /// The whole envelope as JSON, without a `ref`.
  public let bytes: [UInt8]
  /// Where in ``bytes`` the value of `data` stands.
  public let dataRange: Range<Int>

  /// Encodes an event; `members` writes the members of its `data`.
  ///
  /// - Parameter capacity: About how many bytes it will have; more is only dearer.
  public init(
    _ type: EventType, reserving capacity: Int = 256, _ members: (inout JSONObjectWriter) -> Void = { _ in }
  ) {
    var writer = JSONObjectWriter(reserving: capacity)
    writer.member("type", type.rawValue)
    writer.beginObject("data")
    let start = writer.bytes.count - 1
    members(&writer)
    writer.endObject()
    let end = writer.bytes.count
    self.type = type
    self.dataRange = start..<end
    self.bytes = (consume writer).finish()
  }

  /// An event whose `data` is JSON already: an object that was encoded by another node.
  public init(_ type: EventType, json data: [UInt8]) {
    var writer = JSONObjectWriter(reserving: data.count + 64)
    writer.member("type", type.rawValue)
    writer.member("data", json: data)
    let end = writer.bytes.count
    self.type = type
    self.dataRange = end - data.count..<end
    self.bytes = (consume writer).finish()
  }

  /// The event with one more text at the end of its `data`, which must hold something and not that key: what is there
  /// already is not encoded again.
  package init(_ other: OutgoingEvent, adding key: StaticString, _ text: String) {
    var writer = JSONObjectWriter(continuing: other.bytes[..<(other.dataRange.upperBound - 1)])
    writer.member(key, text)
    writer.endObject()
    type = other.type
    dataRange = other.dataRange.lowerBound..<writer.bytes.count
    bytes = (consume writer).finish()
  }

  /// The JSON of `data` alone.
  public var data: ArraySlice<UInt8> { bytes[dataRange] }

  /// The envelope with the `ref` of the event that it answers.
  public func bytes(ref: EventRef?) -> [UInt8] {
    guard let ref else { return bytes }
    var whole: [UInt8] = []
    whole.reserveCapacity(bytes.count + ref.json.count + 8)
    whole.append(contentsOf: bytes.dropLast())
    whole.append(contentsOf: #","ref":"#.utf8)
    whole.append(contentsOf: ref.json)
    whole.append(UInt8(ascii: "}"))
    return whole
  }
}

extension OutgoingEvent: Equatable {
  /// Whether both are the same JSON text.
  public static func == (lhs: OutgoingEvent, rhs: OutgoingEvent) -> Bool { lhs.bytes == rhs.bytes }
}

extension OutgoingEvent {
  /// The `ERROR` that tells a client of a rejection. `about` is the rejected event's data, whose `tempId` and
  /// `messageId` are named so that the client knows which event it was.
  public static func error(_ rejection: Rejection, about data: EventData = EventData()) -> OutgoingEvent {
    OutgoingEvent(.error) { error in
      error.member("code", rejection.code.rawValue)
      error.member("message", rejection.message)
      if let stage = rejection.stage { error.member("stage", stage) }
      if let tempID = data.string("tempId"), tempID.unicodeScalars.count <= 256 {
        error.member("tempId", tempID)
      }
      if let messageID = data.string("messageId"), messageID.unicodeScalars.count <= 256 {
        error.member("messageId", messageID)
      }
      if let wait = rejection.retryAfter { error.member("retryAfterMs", Int(max(1, wait.wholeMilliseconds))) }
    }
  }
}

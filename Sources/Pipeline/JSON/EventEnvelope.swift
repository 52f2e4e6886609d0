/// An event as a client sends it: `{"type": …, "data": {…}, "id": …}`.
public struct EventEnvelope: Sendable {
  /// What it is.
  public let type: EventType
  /// What it says; empty where the envelope has none.
  public let data: EventData
  /// Its `id`.
  public let ref: EventRef?
  /// Its `traceparent`; `nil` where it has none that can be read.
  public let trace: TraceParent?

  /// Reads a frame in one pass.
  public static func decode(_ frame: [UInt8]) -> DecodedFrame {
    frame.withUnsafeBufferPointer { buffer in
      var scanner = JSONScanner(buffer)
      scanner.skipSpace()
      do throws(JSONFault) {
        guard scanner.byte == UInt8(ascii: "[") else {
          let one = try scan(&scanner, frame, depth: 1)
          try scanner.expectEnd()
          return .one(one)
        }
        var many: [Result<EventEnvelope, EnvelopeFault>] = []
        try scanner.forEachElement(depth: 1) { (scanner) throws(JSONFault) in
          if many.count == DecodedFrame.elementLimit {
            throw scanner.fault(
              "a frame holds at most \(DecodedFrame.elementLimit) events, and one more stands")
          }
          many.append(try scan(&scanner, frame, depth: 2))
        }
        try scanner.expectEnd()
        return many.isEmpty ? .one(.failure(EnvelopeFault("the frame holds no event"))) : .many(many)
      } catch {
        return .one(.failure(EnvelopeFault("not an event: \(error)")))
      }
    }
  }

  /// The envelope's own members, each by a bit of its own.
  private enum Member: UInt8 {
    case type = 1
    case id = 2
    case data = 4
    case traceparent = 8

    /// The member with a key that stands in a frame; `nil` of any other.
    init?(_ key: ArraySlice<UInt8>) {
      let member = key.withUnsafeBufferPointer { key in
        JSONText.hasEscape(key) ? nil : Member(plain: key)
      }
      if let member {
        self = member
      } else if key.contains(UInt8(ascii: "\\")) {
        var text = JSONText.unescape(key)
        guard let member = text.withUTF8({ Member(plain: $0) }) else { return nil }
        self = member
      } else {
        return nil
      }
    }

    private init?(plain key: UnsafeBufferPointer<UInt8>) {
      if JSONText.isEqual(key, "type") {
        self = .type
      } else if JSONText.isEqual(key, "data") {
        self = .data
      } else if JSONText.isEqual(key, "id") {
        self = .id
      } else if JSONText.isEqual(key, "traceparent") {
        self = .traceparent
      } else {
        return nil
      }
    }
  }

  /// The type that a string, in its quotes, names.
  private static func eventType(_ string: ArraySlice<UInt8>) -> EventType {
    let name = string.dropFirst().dropLast()
    return name.withUnsafeBufferPointer { plain in
      JSONText.hasEscape(plain) ? EventType(rawValue: JSONText.unescape(name)) : EventType(utf8: plain)
    }
  }

  /// Whether a string, in its quotes, has 1 to 256 characters. One that is short in bytes need not be walked through.
  private static func isReference(_ string: ArraySlice<UInt8>) -> Bool {
    if (3...258).contains(string.count) { return true }
    return string.count > 258
      && JSONText.unescape(string.dropFirst().dropLast()).unicodeScalars.count <= 256
  }

  /// Reads one envelope. What is no JSON is thrown, since nothing after it can be read; what is merely no event is
  /// the result.
  private static func scan(
    _ scanner: inout JSONScanner, _ frame: [UInt8], depth: Int
  ) throws(JSONFault) -> Result<EventEnvelope, EnvelopeFault> {
    guard scanner.byte == UInt8(ascii: "{") else {
      try scanner.skipValue(depth: depth)
      return .failure(EnvelopeFault("an event is a JSON object"))
    }
    var type: EventType?
    var ref: EventRef?
    var trace: TraceParent?
    var members: [EventData.Member] = []
    var wrong: String?
    // A bit for each of the envelope's own members.
    var seen: UInt8 = 0
    try scanner.forEachMember(depth: depth) { (scanner, key) throws(JSONFault) in
      let name = Member(frame[key])
      let start = scanner.position
      if name == .data, scanner.byte == UInt8(ascii: "{") {
        members = try EventData.scan(&scanner, depth: depth + 1)
      } else {
        let kind = try scanner.skipValue(depth: depth)
        let value = frame[start..<scanner.position]
        switch (name, kind) {
        case (.type, .string) where (3...66).contains(value.count): type = eventType(value)
        case (.type, _): wrong = wrong ?? "type must be a string of 1 to 64 bytes"
        case (.id, .string) where isReference(value), (.id, .number) where value.count <= 256:
          ref = EventRef(json: Array(value))
        case (.id, _): wrong = wrong ?? "id must be a number or a string of 1 to 256 characters"
        case (.data, _): wrong = wrong ?? "data must be an object"
        case (.traceparent, .string):
          trace = TraceParent(String(decoding: value.dropFirst().dropLast(), as: UTF8.self))
        default: return
        }
      }
      guard let name else { return }
      if seen & name.rawValue != 0 { wrong = wrong ?? "\(name) stands twice" }
      seen |= name.rawValue
    }
    if let wrong { return .failure(EnvelopeFault(wrong, ref: ref)) }
    guard let type else { return .failure(EnvelopeFault("type is missing", ref: ref)) }
    do throws(JSONFault) {
      let data = try EventData(text: frame, members: members)
      return .success(EventEnvelope(type: type, data: data, ref: ref, trace: trace))
    } catch {
      return .failure(EnvelopeFault("data: \(error.reason)", ref: ref))
    }
  }
}

/// What a frame holds.
public enum DecodedFrame: Sendable {
  /// A single event, or nothing that can be read.
  case one(Result<EventEnvelope, EnvelopeFault>)
  /// An array of events; each may be wrong by itself.
  case many([Result<EventEnvelope, EnvelopeFault>])

  /// How many events a frame may hold.
  static let elementLimit = 100
}

/// Why a frame, or an element of it, is no event.
public struct EnvelopeFault: Error, Sendable {
  /// What to tell the client.
  public let rejection: Rejection
  /// The event's `id`, where it could be read.
  public let ref: EventRef?

  init(_ message: String, ref: EventRef? = nil) {
    rejection = Rejection(.invalidEvent, message)
    self.ref = ref
  }
}

/// Where an event stands in a trace that began elsewhere: a `traceparent` of W3C Trace Context (section 3.2).
public struct TraceParent: Sendable, Equatable, CustomStringConvertible {
  /// The text as it came: `00-`, 32 and 16 hexadecimal digits, and flags.
  public let description: String

  /// `nil` where it is none: what is malformed is to be passed over (section 3.2.2.3).
  public init?(_ text: some StringProtocol) {
    let bytes = Array(text.utf8)
    guard bytes.count == 55 || (bytes.count > 55 && bytes.count <= 256 && bytes[55] == UInt8(ascii: "-")),
      bytes[2] == UInt8(ascii: "-"), bytes[35] == UInt8(ascii: "-"), bytes[52] == UInt8(ascii: "-")
    else { return nil }
    let parts = [bytes[..<2], bytes[3..<35], bytes[36..<52], bytes[53..<55]]
    guard parts.allSatisfy({ $0.allSatisfy(Self.isDigit) }), !bytes.starts(with: "ff".utf8),
      bytes.count == 55 || !bytes.starts(with: "00".utf8),
      !parts[1].allSatisfy({ $0 == UInt8(ascii: "0") }), !parts[2].allSatisfy({ $0 == UInt8(ascii: "0") }),
      bytes[55...].allSatisfy({ (0x21...0x7E).contains($0) })
    else { return nil }
    description = String(text)
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
  }
}

/// The key under which the gateway leaves an event's own trace.
enum TraceKey: EventKey {
  typealias Value = TraceParent
}

extension Event {
  /// An event as a client has sent it.
  public init(_ envelope: EventEnvelope, connection: Connection, arrival: UInt64) {
    self.init(
      envelope.type, data: envelope.data, ref: envelope.ref, connection: connection, arrival: arrival)
    if let trace = envelope.trace { self[TraceKey.self] = trace }
  }

  /// The trace that it belongs to: the one that came with it, else the one that its connection or request came with.
  public var trace: TraceParent? {
    get { self[TraceKey.self] ?? connection.trace }
    set { self[TraceKey.self] = newValue }
  }
}

import NIOCore

@testable import Daemon

/// A client's end of a protocol without a socket: what it sends, and what it finds in what comes.
struct WireProbe {
  var wire: any BenchWire
  private var frames: ClientFrames

  init(_ kind: WireKind, user: String = "ann", token: String = "t\"1") {
    wire = kind.wire(user: user, token: token)
    frames = ClientFrames(isText: wire.isText)
  }

  /// The payloads that were put into frames since it was last asked, each frame a text or not as the wire has it.
  mutating func sent() throws -> [[UInt8]] {
    guard var bytes = frames.take() else { return [] }
    var parser = FrameParser()
    var payloads: [[UInt8]] = []
    while let message = try parser.next(from: &bytes, limit: 1 << 20) {
      switch message {
      case .text(let payload) where wire.isText, .binary(let payload) where !wire.isText:
        payloads.append(payload)
      default: throw WrongFrame(message: message)
      }
    }
    return payloads
  }

  /// The same as texts.
  mutating func sentText() throws -> [String] { try sent().map { String(decoding: $0, as: UTF8.self) } }

  mutating func open() { wire.open(&frames) }

  mutating func send(_ number: Int, to receiver: String = "bob", _ content: String = "hi") {
    wire.send(number, to: receiver, content, &frames)
  }

  mutating func confirm(_ id: String) { wire.confirm(id, &frames) }

  mutating func receive(_ payload: [UInt8]) -> [BenchIncoming] {
    var found: [BenchIncoming] = []
    wire.receive(payload, &frames, &found)
    return found
  }

  mutating func receive(_ text: String) -> [BenchIncoming] { receive(Array(text.utf8)) }

  /// What is found in bytes that come cut in two at each place, one after the other.
  static func found(in payload: [UInt8], by make: () -> WireProbe) -> [[BenchIncoming]] {
    (0...payload.count).map { cut in
      var probe = make()
      return probe.receive(Array(payload[..<cut])) + probe.receive(Array(payload[cut...]))
    }
  }

  struct WrongFrame: Error { let message: FrameParser.Message }
}

extension BenchIncoming {
  /// A message that has come.
  static func delivered(_ content: String, id: String? = nil) -> BenchIncoming {
    .delivered(content: Array(content.utf8)[...], id: id)
  }
}

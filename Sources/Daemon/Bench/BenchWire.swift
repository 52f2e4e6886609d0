import NIOCore
import Pipeline

/// What a client of a load sends and understands, in either of the protocols: pure, bytes in and bytes out.
struct BenchWire {
  let kind: BenchPlan.Wire

  /// What came in a text frame.
  enum Incoming: Equatable {
    /// The client is known to the server: it may send.
    case ready
    /// An event, by its type.
    case event(EventType, EventData)
    /// What has to be written back as it stands.
    case reply([UInt8])
    /// The server wants no more of this client.
    case refused(String)
    /// Nothing that a load looks at.
    case other
  }

  /// The target of the WebSocket's handshake.
  var target: String {
    switch kind {
    case .websocket: "/ws"
    case .socketIO: "/socket.io/?EIO=4&transport=websocket"
    }
  }

  /// An event as the text of a frame.
  func text(_ type: StaticString, _ fill: (inout JSONObjectWriter) -> Void) -> [UInt8] {
    var data = JSONObjectWriter(reserving: 256)
    fill(&data)
    let json = data.finish()
    let name = type.withUTF8Buffer { Array($0) }
    switch kind {
    case .websocket:
      return Array("{\"type\":\"".utf8) + name + Array("\",\"data\":".utf8) + json + [UInt8(ascii: "}")]
    case .socketIO: return Array("42[\"".utf8) + name + Array("\",".utf8) + json + [UInt8(ascii: "]")]
    }
  }

  /// What a text frame says to a client with this token.
  func read(_ frame: [UInt8], token: String) -> Incoming {
    switch kind {
    case .websocket: Self.plain(frame)
    case .socketIO: Self.socketIO(frame, token)
    }
  }

  private static func plain(_ frame: [UInt8]) -> Incoming {
    guard case .one(.success(let envelope)) = EventEnvelope.decode(frame) else { return .other }
    return envelope.type == .connected ? .ready : .event(envelope.type, envelope.data)
  }

  private static func socketIO(_ frame: [UInt8], _ token: String) -> Incoming {
    guard let packet = frame.first else { return .other }
    switch (packet, frame.dropFirst().first) {
    case (UInt8(ascii: "0"), _):
      // Engine.IO has opened: Socket.IO's CONNECT comes next, with the token (Socket.IO protocol 5).
      var auth = JSONObjectWriter(reserving: token.utf8.count + 16)
      auth.member("token", token)
      return .reply(Array("40".utf8) + auth.finish())
    case (UInt8(ascii: "2"), nil): return .reply([UInt8(ascii: "3")])
    case (UInt8(ascii: "1"), _): return .refused("the server has closed the session")
    case (UInt8(ascii: "4"), UInt8(ascii: "0")): return .ready
    case (UInt8(ascii: "4"), UInt8(ascii: "4")):
      return .refused(String(decoding: frame.dropFirst(2).prefix(200), as: UTF8.self))
    case (UInt8(ascii: "4"), UInt8(ascii: "2")):
      // `["TYPE",{…}]`, perhaps with the number of an acknowledgement in front.
      guard let open = frame.firstIndex(of: UInt8(ascii: "[")),
        let comma = frame[open...].firstIndex(of: UInt8(ascii: ",")), comma - open > 3,
        frame.last == UInt8(ascii: "]")
      else { return .other }
      let type = String(decoding: frame[(open + 2)..<(comma - 1)], as: UTF8.self)
      let text =
        Array(#"{"type":""#.utf8) + type.utf8 + Array(#"","data":"#.utf8)
        + frame[(comma + 1)..<(frame.count - 1)]
      guard case .one(.success(let envelope)) = EventEnvelope.decode(text + [UInt8(ascii: "}")]) else {
        return .other
      }
      return .event(envelope.type, envelope.data)
    default: return .other
    }
  }
}

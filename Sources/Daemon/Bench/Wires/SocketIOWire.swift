import Pipeline

/// The same events by Socket.IO protocol 5 on Engine.IO 4: each a packet of a name and one argument.
struct SocketIOWire: ChatWire {
  static let packet = (head: #"42[""#, between: #"","#, tail: "]")

  let user: String
  let token: String

  var target: String { "/socket.io/?EIO=4&transport=websocket" }
  var bearer: String? { token }

  func receive(_ payload: [UInt8], _ frames: inout ClientFrames, _ found: inout [BenchIncoming]) {
    guard let packet = payload.first else { return }
    switch (packet, payload.dropFirst().first) {
    case (UInt8(ascii: "0"), _):
      // Engine.IO has opened: Socket.IO's CONNECT comes next, with the token.
      var auth = JSONObjectWriter(reserving: token.utf8.count + 16)
      auth.member("token", token)
      frames.append(Array("40".utf8) + auth.finish())
    case (UInt8(ascii: "2"), nil): frames.append([UInt8(ascii: "3")])
    case (UInt8(ascii: "1"), _): found.append(.ended("the server has closed the session"))
    case (UInt8(ascii: "4"), UInt8(ascii: "0")): found.append(.ready)
    case (UInt8(ascii: "4"), UInt8(ascii: "4")):
      found.append(.ended(String(decoding: payload.dropFirst(2).prefix(200), as: UTF8.self)))
    case (UInt8(ascii: "4"), UInt8(ascii: "2")):
      if let incoming = event(payload) { found.append(incoming) }
    default: break
    }
  }

  /// What a packet `["TYPE",{…}]` says, perhaps with the number of an acknowledgement in front.
  private func event(_ packet: [UInt8]) -> BenchIncoming? {
    guard let open = packet.firstIndex(of: UInt8(ascii: "[")),
      let comma = packet[open...].firstIndex(of: UInt8(ascii: ",")), comma - open > 3,
      packet.last == UInt8(ascii: "]")
    else { return nil }
    let text = PlainWire.packed(packet[(open + 2)..<(comma - 1)], packet[(comma + 1)..<(packet.count - 1)])
    guard case .one(.success(let envelope)) = EventEnvelope.decode(text) else { return nil }
    return ChatEvents.read(envelope, of: user)
  }
}

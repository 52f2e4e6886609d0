import Pipeline

/// The same events by Socket.IO protocol 5 on Engine.IO 4: each a packet of a name and one argument.
struct SocketIOWire: BenchWire {
  let user: String
  let token: String

  var target: String { "/socket.io/?EIO=4&transport=websocket" }
  var bearer: String? { token }

  func send(_ number: Int, to receiver: String, _ content: String, _ frames: inout ClientFrames) {
    append("NEW_MESSAGE", ChatEvents.message(number, to: receiver, content), &frames)
  }

  func confirm(_ id: String, _ frames: inout ClientFrames) {
    let data = ChatEvents.receipt(id)
    append("MESSAGE_DELIVERED", data, &frames)
    append("MESSAGE_READ", data, &frames)
  }

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
    var text: [UInt8] = []
    text.reserveCapacity(packet.count + 24)
    text.append(contentsOf: #"{"type":""#.utf8)
    text.append(contentsOf: packet[(open + 2)..<(comma - 1)])
    text.append(contentsOf: #"","data":"#.utf8)
    text.append(contentsOf: packet[(comma + 1)..<(packet.count - 1)])
    text.append(UInt8(ascii: "}"))
    guard case .one(.success(let envelope)) = EventEnvelope.decode(text) else { return nil }
    return ChatEvents.read(envelope, of: user)
  }

  private func append(_ type: StaticString, _ data: [UInt8], _ frames: inout ClientFrames) {
    var text: [UInt8] = []
    text.reserveCapacity(data.count + 32)
    text.append(contentsOf: #"42[""#.utf8)
    type.withUTF8Buffer { text.append(contentsOf: $0) }
    text.append(contentsOf: #"","#.utf8)
    text.append(contentsOf: data)
    text.append(UInt8(ascii: "]"))
    frames.append(text)
  }
}

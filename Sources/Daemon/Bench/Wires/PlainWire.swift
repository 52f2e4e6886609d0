import Pipeline

/// Sluice's own protocol: an event a frame, as an object of JSON.
struct PlainWire: BenchWire {
  let user: String
  let token: String

  var target: String { "/ws" }
  var bearer: String? { token }

  func send(_ number: Int, to receiver: String, _ content: String, _ frames: inout ClientFrames) {
    append("NEW_MESSAGE", ChatEvents.message(number, to: receiver, content), &frames)
  }

  func confirm(_ id: String, _ frames: inout ClientFrames) {
    let data = ChatEvents.receipt(id)
    append("MESSAGE_DELIVERED", data, &frames)
    append("MESSAGE_READ", data, &frames)
  }

  func sync(from cursor: String, limit: Int, _ frames: inout ClientFrames) {
    append("SYNC", ChatEvents.sync(from: cursor, limit: limit), &frames)
  }

  func receive(_ payload: [UInt8], _ frames: inout ClientFrames, _ found: inout [BenchIncoming]) {
    guard case .one(.success(let envelope)) = EventEnvelope.decode(payload) else { return }
    if envelope.type == .connected {
      if let cursor = envelope.data.string("cursor") { found.append(.cursor(cursor)) }
      found.append(.ready)
    } else if let incoming = ChatEvents.read(envelope, of: user) {
      found.append(incoming)
    }
  }

  private func append(_ type: StaticString, _ data: [UInt8], _ frames: inout ClientFrames) {
    var text: [UInt8] = []
    text.reserveCapacity(data.count + 40)
    text.append(contentsOf: #"{"type":""#.utf8)
    type.withUTF8Buffer { text.append(contentsOf: $0) }
    text.append(contentsOf: #"","data":"#.utf8)
    text.append(contentsOf: data)
    text.append(UInt8(ascii: "}"))
    frames.append(text)
  }
}

import Pipeline

/// Sluice's own protocol: an event a frame, as an object of JSON.
struct PlainWire: ChatWire {
  static let packet = (head: #"{"type":""#, between: #"","data":"#, tail: "}")

  let user: String
  let token: String

  var target: String { "/ws" }
  var bearer: String? { token }

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
}

/// MQTT 3.1.1 by a WebSocket, with quality of service 1 both ways: PUBACK acknowledges.
struct MQTTWire: BenchWire {
  let user: String
  let token: String
  private var unread = FrameStream()
  private var lastPacket: UInt16 = 0
  /// The numbers of the messages under way, by the packets that carry them.
  private var underWay: [UInt16: Int] = [:]

  init(user: String, token: String) {
    self.user = user
    self.token = token
  }

  var target: String { "/mqtt" }
  var subprotocol: String? { "mqtt" }
  var isText: Bool { false }

  /// A clean session that is never too silent, and the token as its password.
  func open(_ frames: inout ClientFrames) {
    var packet = MQTTPacket.Writer(.connect)
    packet.append("MQTT")
    packet.append([4, 0b1100_0010, 0, 0])
    for text in [user, user, token] { packet.append(text) }
    frames.append(packet.finish())
  }

  mutating func send(_ number: Int, to receiver: String, _ content: String, _ frames: inout ClientFrames) {
    lastPacket = lastPacket == .max ? 1 : lastPacket + 1
    underWay[lastPacket] = number
    var packet = MQTTPacket.Writer(.publish, flags: 0b0010, reserving: content.utf8.count + 64)
    packet.append("chat/\(receiver)")
    packet.append(lastPacket)
    packet.append(content.utf8)
    frames.append(packet.finish())
  }

  mutating func receive(_ payload: [UInt8], _ frames: inout ClientFrames, _ found: inout [BenchIncoming]) {
    var bytes = unread.join(payload)
    while let packet = MQTTPacket.take(from: &bytes) {
      guard let incoming = read(packet, &frames) else { continue }
      found.append(incoming)
      if case .ended = incoming { return }
    }
    unread.keep(bytes)
  }

  private mutating func read(_ packet: MQTTPacket, _ frames: inout ClientFrames) -> BenchIncoming? {
    switch packet {
    case .connectionAcknowledged(0):
      subscribe(&frames)
      return nil
    case .connectionAcknowledged(let code): return .ended("the broker answered CONNECT with \(code)")
    case .subscribed(true): return .ready
    case .subscribed(false): return .ended("the broker gives no subscription of quality 1")
    case .published(let number?, let content):
      var answer = MQTTPacket.Writer(.publishAcknowledged)
      answer.append(number)
      frames.append(answer.finish())
      return .delivered(content: content, id: nil)
    case .published(nil, let content): return .delivered(content: content, id: nil)
    case .publishAcknowledged(let packet):
      return underWay.removeValue(forKey: packet).map { .acknowledged($0) }
    case .pong: return nil
    case .broken: return .ended("what came is not of MQTT")
    }
  }

  private func subscribe(_ frames: inout ClientFrames) {
    var packet = MQTTPacket.Writer(.subscribe, flags: 0b0010)
    packet.append(1)
    packet.append("chat/\(user)")
    packet.append([1])
    frames.append(packet.finish())
  }
}

/// A wire that carries the events of Sluice's own protocol, each in a packet of its own.
protocol ChatWire: BenchWire {
  /// What a packet has before an event's type, between that and its data, and behind both.
  static var packet: (head: String, between: String, tail: String) { get }
}

extension ChatWire {
  func send(_ number: Int, to receiver: String, _ content: String, _ frames: inout ClientFrames) {
    append("NEW_MESSAGE", ChatEvents.message(number, to: receiver, content), &frames)
  }

  func confirm(_ id: String, _ frames: inout ClientFrames) {
    let data = ChatEvents.receipt(id)
    append("MESSAGE_DELIVERED", data, &frames)
    append("MESSAGE_READ", data, &frames)
  }

  func append(_ type: String, _ data: [UInt8], _ frames: inout ClientFrames) {
    frames.append(Self.packed(type.utf8, data))
  }

  /// An event as this wire writes it.
  static func packed(_ type: some Sequence<UInt8>, _ data: some Collection<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(data.count + 48)
    bytes.append(contentsOf: packet.head.utf8)
    bytes.append(contentsOf: type)
    bytes.append(contentsOf: packet.between.utf8)
    bytes.append(contentsOf: data)
    bytes.append(contentsOf: packet.tail.utf8)
    return bytes
  }
}

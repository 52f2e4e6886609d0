/// The protocols that a load's clients can speak.
enum WireKind: String, Sendable, CaseIterable {
  case websocket
  case socketIO = "socket.io"
  case nats
  case mqtt
  case xmpp

  /// One client's end of it.
  func wire(user: String, token: String) -> any BenchWire {
    switch self {
    case .websocket: PlainWire(user: user, token: token)
    case .socketIO: SocketIOWire(user: user, token: token)
    case .nats: NATSWire(user: user)
    case .mqtt: MQTTWire(user: user, token: token)
    case .xmpp: XMPPWire(user: user, token: token)
    }
  }

  /// Whether messages can be said to be delivered and read.
  var hasReceipts: Bool { self == .websocket || self == .socketIO }

  /// Whom a user's token is for: XMPP knows users by their addresses.
  func subject(of user: String) -> String { self == .xmpp ? "\(user)@\(XMPPWire.domain)" : user }

  /// Whether its clients can ask for what they have missed, and are told who comes and goes.
  var hasSync: Bool { self == .websocket }
  /// Whether a message can be sent again under its number.
  var takesAgain: Bool { self == .websocket || self == .socketIO }

  /// All of them, as a sentence lists them.
  static var choice: String {
    let names = allCases.map(\.rawValue)
    return names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
  }
}

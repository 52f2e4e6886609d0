/// The protocols that a load's clients can speak.
enum WireKind: String, Sendable, CaseIterable {
  case websocket
  case socketIO = "socket.io"

  /// One client's end of it.
  func wire(user: String, token: String) -> any BenchWire {
    switch self {
    case .websocket: PlainWire(user: user, token: token)
    case .socketIO: SocketIOWire(user: user, token: token)
    }
  }

  /// All of them, as a sentence lists them.
  static var choice: String {
    let names = allCases.map(\.rawValue)
    return names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
  }
}

/// Why a WebSocket ends: the code and reason of a close frame (RFC 6455, section 7.4; 4000 and up are ours).
enum CloseCode: UInt16, CaseIterable, Sendable {
  case normal = 1000
  case protocolError = 1002
  /// Also for what can't be unpacked.
  case notUTF8 = 1007
  case tooBig = 1009
  /// The daemon is ending: connect again, after a random while.
  case restarting = 1012
  case unauthenticated = 4401
  /// One's own backend wants the user gone.
  case forbidden = 4403
  case slowConsumer = 4408
  /// The user has connected more often than allowed, and this was the oldest.
  case replaced = 4409
  case abusiveRate = 4429

  var code: UInt16 { rawValue }

  var reason: String {
    switch self {
    case .normal: "bye"
    case .protocolError: "protocol error"
    case .notUTF8: "text is not UTF-8"
    case .tooBig: "frame too big"
    case .restarting: "restarting; reconnect with jitter"
    case .unauthenticated: "unauthenticated or expired"
    case .forbidden: "forbidden"
    case .slowConsumer: "slow consumer"
    case .replaced: "replaced by a newer connection"
    case .abusiveRate: "too many rejected events"
    }
  }

  /// Whether a peer may send this code (RFC 6455, section 7.4.1 and the IANA registry).
  static func mayBeSent(_ code: UInt16) -> Bool {
    switch code {
    case 1000...1003, 1007...1014, 3000...4999: true
    default: false
    }
  }
}

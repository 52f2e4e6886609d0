/// Why a WebSocket ends: the code and reason of a close frame (RFC 6455, section 7.4; 4000 and up are ours).
struct CloseCode: Sendable, Equatable {
  let code: UInt16
  let reason: String

  static let normal = CloseCode(code: 1000, reason: "bye")
  static let protocolError = CloseCode(code: 1002, reason: "protocol error")
  /// Also for what can't be unpacked.
  static let notUTF8 = CloseCode(code: 1007, reason: "text is not UTF-8")
  static let tooBig = CloseCode(code: 1009, reason: "frame too big")
  /// The daemon is ending: connect again, after a random while.
  static let restarting = CloseCode(code: 1012, reason: "restarting; reconnect with jitter")
  static let unauthenticated = CloseCode(code: 4401, reason: "unauthenticated or expired")
  /// One's own backend wants the user gone.
  static let forbidden = CloseCode(code: 4403, reason: "forbidden")
  static let slowConsumer = CloseCode(code: 4408, reason: "slow consumer")
  /// The user has connected more often than allowed, and this was the oldest.
  static let replaced = CloseCode(code: 4409, reason: "replaced by a newer connection")
  static let abusiveRate = CloseCode(code: 4429, reason: "too many rejected events")

  /// All that the daemon closes with.
  static let all = [
    normal, protocolError, notUTF8, tooBig, restarting, unauthenticated, forbidden, slowConsumer, replaced,
    abusiveRate,
  ]

  /// Whether a peer may send this code (RFC 6455, section 7.4.1 and the IANA registry).
  static func mayBeSent(_ code: UInt16) -> Bool {
    switch code {
    case 1000...1003, 1007...1014, 3000...4999: true
    default: false
    }
  }
}

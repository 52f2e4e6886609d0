/// How a peer has broken the WebSocket protocol, and what it is told.
package struct FrameFault: Error, Equatable {
  let close: CloseCode
  package let description: String

  static func broken(_ description: String) -> FrameFault {
    FrameFault(close: .protocolError, description: description)
  }
  static let tooBig = FrameFault(close: .tooBig, description: "the message is over the limit")
  static let notPacked = FrameFault(close: .notUTF8, description: "a compressed message is not DEFLATE")
  static let notUTF8 = FrameFault(close: .notUTF8, description: "a text is not UTF-8")
}

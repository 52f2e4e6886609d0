import NIOCore
import Pipeline

/// A client's part of opening a WebSocket (RFC 6455, section 4.1): pure, bytes out and bytes in.
struct ClientHandshake {
  /// What the server has answered.
  enum Answer: Equatable {
    /// Not all of it is there yet.
    case unfinished
    case open
    /// In its own words, where it gives any.
    case refused(String)
    case noHTTP
  }

  /// The longest head of an answer.
  private static let headBytesMax = 65_536
  private static let blankLine = Array("\r\n\r\n".utf8)

  private let host: String
  private let target: String
  private let bearer: String?
  private let subprotocol: String?
  private let key = Handshake.newKey()

  /// - Parameter bearer: The token to show.
  init(host: String, target: String, bearer: String?, subprotocol: String? = nil) {
    self.host = host
    self.target = target
    self.bearer = bearer
    self.subprotocol = subprotocol
  }

  /// The request that asks for the upgrade.
  var request: ByteBuffer {
    var lines = [
      "GET \(target) HTTP/1.1", "Host: \(host)", "Upgrade: websocket", "Connection: Upgrade",
      "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: \(key)",
    ]
    if let bearer { lines.append("Authorization: Bearer \(bearer)") }
    if let subprotocol { lines.append("Sec-WebSocket-Protocol: \(subprotocol)") }
    return ByteBuffer(string: lines.joined(separator: "\r\n") + "\r\n\r\n")
  }

  /// Takes the answer's head out of what came; what follows it stays.
  func read(_ unread: inout ByteBuffer) -> Answer {
    let bytes = unread.readableBytesView
    guard let blank = bytes.firstRange(of: Self.blankLine) else {
      return bytes.count > Self.headBytesMax ? .noHTTP : .unfinished
    }
    let head = String(decoding: bytes[..<blank.lowerBound], as: UTF8.self)
    guard head.hasPrefix("HTTP/1.1 101"), head.contains(Handshake.accept(key)) else {
      let detail = try? JSONValue(parsing: Array(bytes[blank.upperBound...]))["detail"]?.string
      return .refused(detail ?? String(head.prefix { $0 != "\r\n" && $0 != "\r" }.dropFirst(9)))
    }
    unread.moveReaderIndex(to: blank.upperBound)
    return .open
  }
}

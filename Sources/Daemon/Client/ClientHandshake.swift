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
  private static let success = Array("HTTP/1.1 101".utf8)

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
    guard let headCount = unread.withUnsafeReadableBytes({ $0.offset(of: Self.blankLine) }) else {
      return unread.readableBytes > Self.headBytesMax ? .noHTTP : .unfinished
    }
    let accept = Array(Handshake.accept(key).utf8)
    let isOpen = unread.withUnsafeReadableBytes { bytes in
      let head = UnsafeRawBufferPointer(rebasing: bytes[..<headCount])
      return head.starts(with: Self.success) && head.offset(of: accept) != nil
    }
    guard isOpen else { return .refused(reason(unread.readableBytesView, headCount)) }
    unread.moveReaderIndex(forwardBy: headCount + Self.blankLine.count)
    return .open
  }

  private func reason(_ bytes: ByteBufferView, _ headCount: Int) -> String {
    let detail = try? JSONValue(parsing: Array(bytes.dropFirst(headCount + Self.blankLine.count)))["detail"]?
      .string
    let head = String(decoding: bytes.prefix(headCount), as: UTF8.self)
    return detail ?? String(head.prefix { $0 != "\r\n" && $0 != "\r" }.dropFirst(9))
  }
}

extension UnsafeRawBufferPointer {
  /// Where bytes stand first in these. Searching a text goes by its characters, which takes as long as all that a client
  /// does besides to connect.
  fileprivate func offset(of wanted: [UInt8]) -> Int? {
    guard count >= wanted.count else { return nil }
    return (0...count - wanted.count).first { place in
      self[place] == wanted[0] && self[place..<place + wanted.count].elementsEqual(wanted)
    }
  }
}

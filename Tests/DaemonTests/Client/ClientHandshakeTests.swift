import NIOCore
import Testing

@testable import Daemon

@Suite("A client's part of a WebSocket's opening")
struct ClientHandshakeTests {
  private let handshake = ClientHandshake(host: "h:1", target: "/ws?a", bearer: "t", subprotocol: "mqtt")

  /// The headers of the request, and its first line under no name.
  private func headers(_ handshake: ClientHandshake) -> [String: String] {
    let lines = String(buffer: handshake.request).split(
      separator: "\r\n", omittingEmptySubsequences: false
    ).map(String.init)
    #expect(lines.suffix(2) == ["", ""])
    return Dictionary(
      uniqueKeysWithValues: lines.dropLast(2).enumerated().map { index, line in
        guard index > 0, let colon = line.firstRange(of: ": ") else { return ("", line) }
        return (String(line[..<colon.lowerBound]), String(line[colon.upperBound...]))
      })
  }

  private func answer(_ head: String, _ body: [UInt8] = []) -> (ClientHandshake.Answer, rest: [UInt8]) {
    var unread = ByteBuffer(string: head.replacing("\n", with: "\r\n") + "\r\n\r\n")
    unread.writeBytes(body)
    let answer = handshake.read(&unread)
    return (answer, Array(unread.readableBytesView))
  }

  private var accept: String { Handshake.accept(headers(handshake)["Sec-WebSocket-Key"] ?? "") }

  @Test("It asks for what it was made with")
  func request() {
    let all = headers(handshake)
    #expect(all[""] == "GET /ws?a HTTP/1.1" && all["Host"] == "h:1")
    #expect(all["Authorization"] == "Bearer t" && all["Sec-WebSocket-Protocol"] == "mqtt")
    let bare = headers(ClientHandshake(host: "h", target: "/", bearer: nil))
    #expect(bare["Authorization"] == nil && bare["Sec-WebSocket-Protocol"] == nil)
    #expect(bare["Sec-WebSocket-Key"] != all["Sec-WebSocket-Key"])
  }

  @Test("It is open where the server proves to have read the key; what follows is left, whatever it is")
  func open() {
    let head = "HTTP/1.1 101 Switching Protocols\nSec-WebSocket-Accept: \(accept)"
    let (found, rest) = answer(head, [0x82, 2, 0xFF, 0xFE])
    #expect(found == .open && rest == [0x82, 2, 0xFF, 0xFE])
  }

  @Test("An answer in pieces is waited for, and one without end is none")
  func pieces() {
    let head = "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: \(accept)"
    var unread = ByteBuffer(string: head + "\r\n\r")
    #expect(handshake.read(&unread) == .unfinished)
    unread.writeString("\n")
    #expect(handshake.read(&unread) == .open && unread.readableBytes == 0)
    var endless = ByteBuffer(repeating: UInt8(ascii: "a"), count: 70_000)
    #expect(handshake.read(&endless) == .noHTTP)
  }

  @Test("A refusal is told in the server's words, or by its status")
  func refused() {
    #expect(answer("HTTP/1.1 403 Forbidden").0 == .refused("403 Forbidden"))
    #expect(answer("HTTP/1.1 401 No", Array(#"{"detail":"expired"}"#.utf8)).0 == .refused("expired"))
    #expect(answer("HTTP/1.1 101 Yes\nSec-WebSocket-Accept: x").0 == .refused("101 Yes"))
  }
}

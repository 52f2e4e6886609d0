import Testing

@testable import Daemon

@Suite("The WebSocket handshake")
struct HandshakeTests {
  private func request(_ changes: [String: String?] = [:], target: String = "/ws") -> Handshake.Request {
    var headers: [String: String] = [
      "Host": "chat.example", "Upgrade": "websocket", "Connection": "keep-alive, Upgrade",
      "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ]
    for (name, value) in changes { headers[name] = value }
    return Handshake.Request(method: "GET", target: target, headers: headers.map { ($0.key, $0.value) })
  }

  @Test("The example of RFC 6455, section 1.3, is answered as there")
  func accept() throws {
    #expect(try Handshake(request(), origins: []).accept == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
  }

  @Test("What has no case is written in any, and nothing else will do")
  func cases() throws {
    let shouted = [
      "Upgrade": nil, "UPGRADE": "WebSocket", "Connection": "keep-alive ,\tUPGRADE",
      "Authorization": "BEARER  Abc ",
    ]
    #expect(try Handshake(request(shouted), origins: []).token == "Abc")
    // A bit apart from a letter, and a sign whose small letter is one of ASCII.
    for value in ["webSocke\u{54}s", "web\u{13}ocket", "websoc\u{212A}et", "websocke"] {
      #expect(throws: Handshake.Refusal.self) { try Handshake(request(["Upgrade": value]), origins: []) }
    }
    #expect(try Handshake(request(["Authorization": "Bearer"]), origins: []).token == nil)
    #expect(try Handshake(request(["Authorization": "Bearer\u{301} abc"]), origins: []).token == nil)
  }

  @Test("The response says what was picked of what was offered")
  func response() throws {
    let bare = try Handshake(request(), origins: []).response
    #expect(
      bare == """
        HTTP/1.1 101 Switching Protocols\r
        Upgrade: websocket\r
        Connection: Upgrade\r
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r
        \r

        """)
    let offers = [
      "Sec-WebSocket-Protocol": "other, sluice.v1", "Sec-WebSocket-Extensions": "permessage-deflate",
    ]
    let picked = try Handshake(request(offers), origins: [], compresses: true)
    #expect(picked.response.contains("\r\nSec-WebSocket-Protocol: sluice.v1\r\n"))
    #expect(
      picked.response.hasSuffix("\r\nSec-WebSocket-Extensions: \(picked.deflate?.response ?? "")\r\n\r\n"))
  }

  @Test(
    "What is no handshake is refused with its status",
    arguments: [
      (["Upgrade": nil], 426), (["Connection": "close"], 426), (["Sec-WebSocket-Version": "8"], 426),
      (["Sec-WebSocket-Key": "short"], 400), (["Sec-WebSocket-Key": nil], 400), (["Host": nil], 400),
      (["Origin": "https://evil.example"], 403), (["Origin": "null"], 403),
    ] as [([String: String?], Int)])
  func refusals(changes: [String: String?], status: Int) {
    let refusal = #expect(throws: Handshake.Refusal.self) {
      try Handshake(request(changes), origins: ["https://app.example"])
    }
    #expect(refusal?.status == status)
  }

  @Test(
    "A token is found where it may be",
    arguments: [
      (["Authorization": "bearer abc"], "/ws", "abc"),
      (["Sec-WebSocket-Protocol": "sluice.v1, bearer.abc"], "/ws", "abc"),
      ([:], "/ws?x=1&token=a%62c", "abc"), ([:], "/ws?token=", ""), ([:], "/ws", nil),
    ] as [([String: String?], String, String?)])
  func tokens(changes: [String: String?], target: String, token: String?) throws {
    #expect(try Handshake(request(changes, target: target), origins: []).token == token)
  }

  @Test(
    "An origin is the daemon's own, one of the list, or refused",
    arguments: [
      ("https://chat.example", [], true), ("http://chat.example:80", [], true),
      ("https://CHAT.example", [], true),
      ("https://chat.example:444", [], false), ("https://app.example", ["https://app.example:443"], true),
      ("https://app.example", ["http://app.example"], false), ("https://any.example", ["*"], true),
      ("https://chat.example.evil", [], false), ("file://", [], false),
    ] as [(String, [String], Bool)])
  func origins(origin: String, list: [String], allowed: Bool) {
    #expect(OriginPolicy(list).allows(origin, host: "chat.example") == allowed)
  }

  @Test(
    "A malformed query is refused",
    arguments: ["/?a=%", "/?a=%1", "/?a=%zz", "/?a=%+1", "/?a=%00", "/?a=%ff"])
  func queries(target: String) { #expect(QueryString(target: target) == nil) }
}

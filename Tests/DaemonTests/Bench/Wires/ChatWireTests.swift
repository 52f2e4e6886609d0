import Testing

@testable import Daemon

@Suite("What a load's clients speak: Sluice's own events")
struct ChatWireTests {
  private func frame(_ kind: WireKind, _ type: String, _ data: String) -> String {
    kind == .websocket ? #"{"type":"\#(type)","data":\#(data),"id":1}"# : #"42["\#(type)",\#(data)]"#
  }

  @Test("A message and its receipts are objects, in Socket.IO packets of a name and an argument")
  func written() throws {
    var plain = WireProbe(.websocket)
    var socketIO = WireProbe(.socketIO)
    plain.send(7, to: "b\"b", "hi")
    socketIO.send(7, to: "b\"b", "hi")
    let data = #"{"tempId":"7","receiverId":"b\"b","content":"hi"}"#
    #expect(try plain.sentText() == [#"{"type":"NEW_MESSAGE","data":\#(data)}"#])
    #expect(try socketIO.sentText() == [#"42["NEW_MESSAGE",\#(data)]"#])
    plain.confirm("msg_1")
    socketIO.confirm("msg_1")
    #expect(
      try plain.sentText() == [
        #"{"type":"MESSAGE_DELIVERED","data":{"messageId":"msg_1"}}"#,
        #"{"type":"MESSAGE_READ","data":{"messageId":"msg_1"}}"#,
      ])
    #expect(
      try socketIO.sentText() == [
        #"42["MESSAGE_DELIVERED",{"messageId":"msg_1"}]"#, #"42["MESSAGE_READ",{"messageId":"msg_1"}]"#,
      ])
  }

  @Test(
    "What a load looks at is found in both",
    arguments: [
      ("MESSAGE_SENT", #"{"tempId":"12","messageId":"m"}"#, .acknowledged(12)),
      ("NEW_MESSAGE", #"{"messageId":"m","content":"a,] b"}"#, .delivered("a,] b", id: "m")),
      ("NEW_MESSAGE", #"{"messageId":"m","content":"a\"b"}"#, .delivered("a\"b", id: "m")),
      (
        "ERROR", #"{"code":"RATE_LIMITED","tempId":"3","retryAfterMs":250}"#,
        .refused(number: 3, code: "RATE_LIMITED", retryAfterMs: 250)
      ),
      ("ERROR", "{}", .refused(number: nil, code: "ERROR", retryAfterMs: nil)),
      ("MESSAGE_READ_UPDATE", #"{"readerId":"ann"}"#, .receipt),
      ("MESSAGE_DELIVERED_UPDATE", #"{"receiverId":"ann"}"#, .receipt),
    ] as [(String, String, BenchIncoming)])
  func found(type: String, data: String, expected: BenchIncoming) {
    for kind in [WireKind.websocket, .socketIO] {
      var probe = WireProbe(kind)
      #expect(probe.receive(frame(kind, type, data)) == [expected])
    }
  }

  @Test(
    "What others have read, what is without its number, and what nobody asked for is passed over",
    arguments: [
      ("MESSAGE_READ_UPDATE", #"{"readerId":"bob"}"#), ("MESSAGE_SENT", #"{"tempId":"x"}"#),
      ("NEW_MESSAGE", #"{"content":7}"#), ("PONG", "{}"),
    ])
  func passed(type: String, data: String) {
    for kind in [WireKind.websocket, .socketIO] {
      var probe = WireProbe(kind)
      #expect(probe.receive(frame(kind, type, data)).isEmpty)
    }
  }

  @Test("A packet of Socket.IO may have the number of an acknowledgement")
  func numbered() {
    var probe = WireProbe(.socketIO)
    #expect(probe.receive(#"4217["MESSAGE_SENT",{"tempId":"1"}]"#) == [.acknowledged(1)])
  }

  @Test("The plain protocol is ready when it is told so")
  func ready() {
    var probe = WireProbe(.websocket)
    #expect(probe.receive(#"{"type":"CONNECTED","data":{}}"#) == [.ready])
  }

  @Test("Socket.IO is greeted with the token, kept alive, and told of a refusal")
  func session() throws {
    var probe = WireProbe(.socketIO)
    #expect(probe.receive(#"0{"sid":"s","upgrades":[]}"#).isEmpty)
    #expect(try probe.sentText() == [#"40{"token":"t\"1"}"#])
    #expect(probe.receive(#"40{"sid":"s"}"#) == [.ready])
    #expect(probe.receive("2").isEmpty)
    #expect(try probe.sentText() == ["3"])
    #expect(probe.receive(#"44{"message":"no"}"#) == [.ended(#"{"message":"no"}"#)])
    #expect(probe.receive("1") == [.ended("the server has closed the session")])
  }

  @Test(
    "What is nothing is passed over",
    arguments: ["", "4", "42", "42[", "42[]", "42[\"A\",", "9", "42{}", "[1]"])
  func nothing(text: String) throws {
    for kind in [WireKind.websocket, .socketIO] {
      var probe = WireProbe(kind)
      #expect(probe.receive(text).isEmpty)
      #expect(try probe.sent().isEmpty)
    }
  }
}

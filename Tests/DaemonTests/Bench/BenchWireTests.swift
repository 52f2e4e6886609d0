import Pipeline
import Testing

@testable import Daemon

@Suite("What a load's clients speak")
struct BenchWireTests {
  private let plain = BenchWire(kind: .websocket)
  private let socketIO = BenchWire(kind: .socketIO)

  private func read(_ wire: BenchWire, _ text: String) -> BenchWire.Incoming {
    wire.read(Array(text.utf8), token: "t\"1")
  }

  private func event(_ incoming: BenchWire.Incoming) -> (type: EventType, data: EventData)? {
    if case .event(let type, let data) = incoming { (type, data) } else { nil }
  }

  @Test("An event is an object in the plain protocol, and a packet of a name and an argument in Socket.IO")
  func written() {
    let texts = [plain, socketIO].map { wire in
      String(decoding: wire.text("TYPING") { $0.member("receiverId", "b\"b") }, as: UTF8.self)
    }
    #expect(
      texts == [#"{"type":"TYPING","data":{"receiverId":"b\"b"}}"#, #"42["TYPING",{"receiverId":"b\"b"}]"#])
  }

  @Test(
    "Events are read in both",
    arguments: [
      (BenchPlan.Wire.websocket, #"{"type":"PONG","data":{"a":"x,]"},"id":1}"#),
      (.socketIO, #"42["PONG",{"a":"x,]"}]"#), (.socketIO, #"4217["PONG",{"a":"x,]"}]"#),
    ])
  func events(kind: BenchPlan.Wire, text: String) {
    let found = event(read(BenchWire(kind: kind), text))
    #expect(found?.type == .pong && found?.data.string("a") == "x,]")
  }

  @Test("Socket.IO is greeted with the token, kept alive, and told of a refusal")
  func session() {
    #expect(read(socketIO, #"0{"sid":"s","upgrades":[]}"#) == .reply(Array(#"40{"token":"t\"1"}"#.utf8)))
    #expect(read(socketIO, #"40{"sid":"s"}"#) == .ready)
    #expect(read(socketIO, "2") == .reply([UInt8(ascii: "3")]))
    #expect(read(socketIO, #"44{"message":"no"}"#) == .refused(#"{"message":"no"}"#))
    #expect(read(socketIO, "1") == .refused("the server has closed the session"))
    #expect(read(plain, #"{"type":"CONNECTED","data":{}}"#) == .ready)
  }

  @Test(
    "What is nothing is passed over",
    arguments: ["", "4", "42", "42[", "42[]", "42[\"A\",", "9", "42{}", "[1]"])
  func nothing(text: String) {
    #expect(read(socketIO, text) == .other)
    #expect(read(plain, text) == .other)
  }
}

import Pipeline
import PipelineTestKit
import Services
import Testing

@Suite("Message ids")
struct MessageIDTests {
  @Test("Text and number name the same id and sort alike")
  func textSortsAsNumber() {
    var random = SystemRandomNumberGenerator()
    let ids = (0..<1000).map { _ in
      MessageID(rawValue: UInt64.random(in: 0...UInt64(Int64.max), using: &random))
    }
    for id in ids { #expect(MessageID(id.description) == id) }
    #expect(ids.sorted().map(\.description) == ids.map(\.description).sorted())
  }

  @Test("An id stands in JSON as its text", arguments: [0, 1, UInt64(Int64.max)])
  func json(number: UInt64) {
    let id = MessageID(rawValue: number)
    var writer = JSONObjectWriter()
    writer.member("id", id)
    #expect(String(decoding: writer.finish(), as: UTF8.self) == #"{"id":"\#(id.description)"}"#)
  }

  @Test(
    "What is no id is told",
    arguments: [
      "", "msg_", "msg_000000000000", "msg_00000000000000", "MSG_0000000000000", "msg_000000000000w",
      "msg_000000000000A", "msg_vvvvvvvvvvvvv", "msg_00000000000é",
    ])
  func noID(text: String) { #expect(MessageID(text) == nil) }

  @Test("Ids rise whatever the wall clock does, and stay above what the store holds")
  func rise() {
    let time = ManualClock()
    let above = MessageID(rawValue: MessageID.lowest(at: time.clock.wall() + .seconds(60)).rawValue)
    let generator = MessageIDGenerator(node: 7, above: above, clock: time.clock)
    var last = above
    for step in 0..<20_000 {
      let id = generator.next()
      #expect(id > last)
      last = id
      if step % 5000 == 0 { time.advance(by: .seconds(30)) }
    }
  }

  @Test("An id carries its time to the millisecond")
  func timestamp() {
    let time = ManualClock()
    #expect(MessageIDGenerator(clock: time.clock).next().timestamp == time.clock.wall())
  }
}

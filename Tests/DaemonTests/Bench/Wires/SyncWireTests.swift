import Pipeline
import Testing

@testable import Daemon

@Suite("What a load's clients speak: syncs and presence")
struct SyncWireTests {
  private func receive(_ text: String) -> [BenchIncoming] {
    var probe = WireProbe(.websocket)
    return probe.receive(text)
  }

  @Test("A sync says from where, and how much at a time")
  func sync() throws {
    var frames = ClientFrames(isText: true)
    PlainWire(user: "ann", token: "t").sync(from: "c\"1", limit: 7, &frames)
    let taken = frames.take()
    var bytes = try #require(taken)
    var parser = FrameParser()
    let text = #"{"type":"SYNC","data":{"cursor":"c\"1","limit":7}}"#
    #expect(try parser.next(from: &bytes, limit: 1000) == .text(Array(text.utf8)))
  }

  @Test("The cursor of a connection is told before it is ready")
  func cursor() {
    #expect(receive(#"{"type":"CONNECTED","data":{"cursor":"c"}}"#) == [.cursor("c"), .ready])
  }

  @Test("A page of a sync has the messages of a load in order, and passes over others")
  func page() {
    let found = receive(
      #"""
      {"type":"SYNC_RESULT","data":{"messages":[{"content":"5 1 0 xx"},{"content":"hello"},{"content":"6 1 1 xx"}],
      "cursor":"d","hasMore":true}}
      """#)
    let contents = [BenchContent(due: 5, sender: 1, number: 0), BenchContent(due: 6, sender: 1, number: 1)]
    #expect(found == [.synced(SyncPage(contents: contents, cursor: "d", hasMore: true))])
  }

  @Test("Fewer messages are asked for where they are long")
  func limits() {
    #expect(SyncPage.limit(contentBytes: BenchPlan.contentBytesMin) == 297)
    #expect(SyncPage.limit(contentBytes: BenchPlan.contentBytesMax) == 7)
  }

  @Test("Who comes and goes is told with the time of it")
  func presence() {
    let data = #"{"userId":"bob","status":"offline","lastSeen":"1970-01-01T00:00:01.005Z"}"#
    let news = PresenceNews(user: "bob", isOnline: false, lastSeen: Timestamp(milliseconds: 1005))
    #expect(receive(#"{"type":"USER_PRESENCE_UPDATE","data":\#(data)}"#) == [.presence(news)])
    let online = data.replacing("offline", with: "online")
    let other = PresenceNews(user: "bob", isOnline: true, lastSeen: Timestamp(milliseconds: 1005))
    #expect(receive(#"{"type":"USER_PRESENCE_UPDATE","data":\#(online)}"#) == [.presence(other)])
  }

  @Test(
    "What lacks something is passed over",
    arguments: [
      #"{"type":"SYNC_RESULT","data":{"messages":[],"cursor":"d"}}"#,
      #"{"type":"SYNC_RESULT","data":{"messages":{},"cursor":"d","hasMore":false}}"#,
      #"{"type":"USER_PRESENCE_UPDATE","data":{"userId":"bob","status":"online"}}"#,
      #"{"type":"USER_PRESENCE_UPDATE","data":{"userId":"b","status":"?","lastSeen":"1970-01-01T00:00:01Z"}}"#,
    ])
  func nothing(text: String) {
    #expect(receive(text).isEmpty)
  }
}

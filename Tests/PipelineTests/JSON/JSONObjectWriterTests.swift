import Foundation
import Testing

@testable import Pipeline

@Suite("Objects written straight to bytes")
struct JSONObjectWriterTests {
  private func written(_ write: (inout JSONObjectWriter) -> Void) throws -> [String: Any] {
    var writer = JSONObjectWriter()
    write(&writer)
    return try #require(JSONSerialization.jsonObject(with: Data(writer.finish())) as? [String: Any])
  }

  @Test("What needs an escape gets it, wherever it stands", arguments: ["\"", "\\", "\n", "\u{1}", "\u{1F}"])
  func escapes(special: String) throws {
    for before in 0..<20 {
      for after in [0, 1, 9] {
        let text = String(repeating: "x", count: before) + special + String(repeating: "y", count: after)
        #expect(try written { $0.member("key", text) }["key"] as? String == text)
      }
    }
  }

  @Test(
    "What needs none is written as it is", arguments: ["", "plain", "\u{7F}", "naïve ☃ 😀, at some length"])
  func plain(text: String) throws {
    var writer = JSONObjectWriter()
    writer.member("key", text)
    #expect(String(decoding: writer.finish(), as: UTF8.self) == #"{"key":"\#(text)"}"#)
  }

  @Test("Numbers are written as they are", arguments: [0, 7, -1, 10, 1_234_567_890, .max, .min])
  func numbers(number: Int) {
    var writer = JSONObjectWriter()
    writer.member("key", number)
    #expect(String(decoding: writer.finish(), as: UTF8.self) == #"{"key":\#(number)}"#)
  }

  @Test("A text is the same however long it is", arguments: [511, 512, 513, 5000])
  func long(length: Int) {
    let text = String(repeating: "x", count: length)
    var writer = JSONObjectWriter()
    writer.member("key", text)
    #expect(String(decoding: writer.finish(), as: UTF8.self) == #"{"key":"\#(text)"}"#)
  }

  @Test("Commas stand between members, and nowhere else")
  func commas() {
    var writer = JSONObjectWriter()
    writer.member("a", 1)
    writer.beginObject("b")
    writer.member("c", Timestamp(milliseconds: 0))
    writer.null("d")
    writer.endObject()
    writer.array("e", of: [1, 2]) { $0.member("f", $1) }
    #expect(
      String(decoding: writer.finish(), as: UTF8.self)
        == #"{"a":1,"b":{"c":"1970-01-01T00:00:00.000Z","d":null},"e":[{"f":1},{"f":2}]}"#)
  }
}

import Testing

@testable import Pipeline

@Suite("An event's data")
struct EventDataTests {
  private func data(_ text: String) throws -> EventData { try EventData(json: Array(text.utf8)) }

  @Test("gives its members by kind")
  func members() throws {
    let data = try data(
      #" {"s":"a\"b","n":-7,"f":1.5,"b":false,"z":null,"a":["x","y"],"m":[1],"o":{"k":1}} "#)
    #expect(data.string("s") == "a\"b")
    #expect(data.integer("n") == -7 && data.integer("f") == nil && data.integer("s") == nil)
    #expect(data.bool("b") == false && data.bool("s") == nil)
    #expect(data.kind("z") == .null && data.kind("none") == nil)
    #expect(data.strings("a") == ["x", "y"] && data.strings("m") == nil)
    #expect(data.raw("o").map { String(decoding: $0, as: UTF8.self) } == #"{"k":1}"#)
    #expect(data.keys == ["s", "n", "f", "b", "z", "a", "m", "o"])
  }

  @Test("lends the bytes of a text without its escapes, and of nothing else")
  func bytes() throws {
    let data = try data(#"{"plain":"abc","escaped":"a\u0062c","empty":"","n":1}"#)
    for (key, text) in [("plain", "abc"), ("escaped", "abc"), ("empty", ""), ("n", nil), ("none", nil)] {
      var shown: String?
      data.withUTF8(of: key) { shown = String(decoding: $0, as: UTF8.self) }
      #expect(shown == text)
    }
  }

  @Test("finds a key however it is written")
  func escapedKeys() throws { #expect(try data(#"{"\u0061b":"x"}"#).string("ab") == "x") }

  @Test("can be changed")
  func changes() throws {
    var data = try data(#"{"a":"1","b":2}"#)
    data.set("a", to: "new \"quoted\"")
    data.set("c", to: "x")
    data.remove("b")
    #expect(String(decoding: data.json, as: UTF8.self) == #"{"a":"new \"quoted\"","c":"x"}"#)
    #expect(try EventData(json: data.json).string("a") == "new \"quoted\"")
    #expect(throws: JSONFault.self) { try data.set("d", json: Array("{".utf8)) }
  }

  @Test(
    "An envelope that is wrong is refused with what is wrong",
    arguments: [
      ("[]", "the frame holds no event"), ("1", "an event is a JSON object"), ("{}", "type is missing"),
      (#"{"type":1}"#, "type must be a string of 1 to 64 bytes"),
      (#"{"type":""}"#, "type must be a string of 1 to 64 bytes"),
      (#"{"type":"A","data":[]}"#, "data must be an object"),
      (#"{"type":"A","data":null}"#, "data must be an object"),
      (#"{"type":"A","id":{}}"#, "id must be a number or a string of 1 to 256 characters"),
      (#"{"type":"A","type":"B"}"#, "type stands twice"),
      (#"{"type":"A","data":{"x":1,"x":2}}"#, "data: the key 'x' stands twice"),
    ])
  func envelopes(text: String, message: String) {
    guard case .one(.failure(let fault)) = EventEnvelope.decode(Array(text.utf8)) else {
      return #expect(Bool(false), "it was taken")
    }
    #expect(fault.rejection == Rejection(.invalidEvent, message))
  }

  @Test("A frame may hold many events, of which one may be wrong")
  func many() {
    let frame = Array(#"[{"type":"A","id":1},7,{"type":"B","id":"x"}]"#.utf8)
    guard case .many(let results) = EventEnvelope.decode(frame) else { return #expect(Bool(false)) }
    #expect(results.map { (try? $0.get())?.type.rawValue } == ["A", nil, "B"])
    #expect((try? results[2].get())?.ref == EventRef(json: Array("\"x\"".utf8)))
    let tooMany = "[" + Array(repeating: #"{"type":"A"}"#, count: 101).joined(separator: ",") + "]"
    guard case .one(.failure) = EventEnvelope.decode(Array(tooMany.utf8)) else { return #expect(Bool(false)) }
  }
}

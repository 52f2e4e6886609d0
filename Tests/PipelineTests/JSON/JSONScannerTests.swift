import Testing

@testable import Pipeline

@Suite("JSON is read strictly")
struct JSONScannerTests {
  private func parses(_ text: [UInt8]) -> Bool { (try? JSONValue(parsing: text)) != nil }

  @Test(
    "Valid texts are taken",
    arguments: [
      "0", "-0", "1.5e+10", "-1E-2", "\"\"", "\"a\\n\\u00e9\\ud83d\\ude00\"", "[]", "[1,[2]]", "{}",
      " {\"a\" : null } ",
      "true", "false", "\"é😀\"", "{\"a\":{\"a\":1}}", "\"0123456789abcdef\\\"\"",
    ])
  func valid(text: String) { #expect(parses(Array(text.utf8))) }

  @Test(
    "Invalid texts are refused",
    arguments: [
      "", " ", "01", "1.", ".5", "+1", "1e", "-", "NaN", "Infinity", "tru", "nulll", "\"", "\"\\x\"",
      "\"\\u12\"",
      "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\u{1}\"", "\"a\nb\"", "[1,]",
      "[1 2]", "{,}",
      "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "1 2",
      "\u{FEFF}1", "'a'",
      "// c\n1",
    ])
  func invalid(text: String) { #expect(!parses(Array(text.utf8))) }

  @Test(
    "Bytes that are no UTF-8 are refused",
    arguments: [
      [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x9F, 0x80], [0xED, 0xA0, 0x80], [0xF0, 0x8F, 0x80, 0x80],
      [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xC3], [0xE2, 0x82], [0xFF],
    ] as [[UInt8]])
  func notUTF8(bytes: [UInt8]) {
    #expect(!parses([0x22] + bytes + [0x22]))
    #expect(!bytes.withUnsafeBufferPointer(UTF8Check.isValid))
  }

  @Test("Nesting is bounded at 64")
  func depth() {
    #expect(parses(Array((String(repeating: "[", count: 64) + String(repeating: "]", count: 64)).utf8)))
    #expect(!parses(Array((String(repeating: "[", count: 65) + String(repeating: "]", count: 65)).utf8)))
    #expect(!parses(Array(String(repeating: "{\"a\":", count: 100_000).utf8)))
  }

  @Test("Whatever is written is read again as it was", arguments: 0..<300)
  func roundTrip(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let value = JSONValue.random(depth: 4, &random)
    #expect(try JSONValue(parsing: Array(value.text.utf8)) == value)
  }

  @Test("Mutated frames never do harm, and what is taken is valid by another reading too", arguments: 0..<50)
  func mutations(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let frame = Array(
      #"{"type":"NEW_MESSAGE","id":"r1","data":{"tempId":"t","content":"hé\n\ud83d\ude00","m":[1.5e3,{}]}}"#
        .utf8)
    for _ in 0..<400 {
      var mutated = frame
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0..<mutated.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: mutated[place] = UInt8.random(in: 0...255, using: &random)
        case 1: mutated.remove(at: place)
        default: mutated.insert(Array("{}[]\",:\\u0de".utf8).randomElement(using: &random)!, at: place)
        }
      }
      if case .one(.success(let envelope)) = EventEnvelope.decode(mutated) {
        let tree = try JSONValue(parsing: mutated)
        #expect(tree["type"]?.string == envelope.type.rawValue)
        #expect(tree["data"]?["content"]?.string == envelope.data.string("content"))
      }
    }
  }
}

extension JSONValue {
  fileprivate static func random(depth: Int, _ random: inout SeededGenerator) -> JSONValue {
    switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &random) {
    case 0: return .null
    case 1: return .bool(Bool.random(using: &random))
    case 2: return .number(String(Int.random(in: -1000...1000, using: &random)))
    case 3, 4:
      let scalars = (0..<Int.random(in: 0...12, using: &random)).compactMap { _ in
        Unicode.Scalar(UInt32.random(in: 1...0x2FFFF, using: &random))
      }
      return .string(String(String.UnicodeScalarView(scalars)))
    case 5: return .array((0..<3).map { _ in Self.random(depth: depth - 1, &random) })
    default:
      return .object([
        "a": Self.random(depth: depth - 1, &random), "\"\\": Self.random(depth: depth - 1, &random),
      ])
    }
  }
}

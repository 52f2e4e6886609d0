import Pipeline
import Testing

@testable import Daemon

@Suite("What texts of a test refer to")
struct ReferencesTests {
  private func node(_ text: String) throws -> YAMLNode {
    var faults: [Fault] = []
    let file = try #require(ConfigurationFile(Array("value: \(text)\n".utf8), environment: [:], &faults))
    return try #require(file.root["value"])
  }

  private func json(_ text: String, number: Int? = nil, kept: [String: JSONValue] = [:]) throws -> String {
    var references = References()
    references.number = number
    for (name, value) in kept { references.keep(value, as: name) }
    return references.value(of: try node(text)).text
  }

  @Test(
    "Values are what they look like, unless they stand in quotes",
    arguments: [
      ("1", "1"), ("-1.5e3", "-1.5e3"), ("true", "true"), ("null", "null"), ("~", "null"), ("hi", #""hi""#),
      (#""1""#, #""1""#), ("'true'", #""true""#), ("on", #""on""#), ("10:30", #""10:30""#),
      ("007", #""007""#),
      ("[a, 2, { b: c }]", #"["a",2,{"b":"c"}]"#),
    ])
  func values(written: String, meant: String) throws { #expect(try json(written) == meant) }

  @Test("The number of the event and what was kept are filled in")
  func filledIn() throws {
    #expect(try json("m$n", number: 7) == #""m7""#)
    #expect(try json("$n", number: 7) == #""7""#)
    #expect(try json("a-$id-$n.", number: 1, kept: ["id": .string("msg_1")]) == #""a-msg_1-1.""#)
    #expect(try json("[$id]", kept: ["id": .string("msg_1")]) == #"["msg_1"]"#)
  }

  @Test("A text that is nothing but a reference is the kept value itself, within a text it is its text")
  func whole() throws {
    #expect(try json("$v", kept: ["v": .number("2")]) == "2")
    #expect(try json("v$v", kept: ["v": .number("2")]) == #""v2""#)
  }

  @Test("A dollar sign that no name follows is itself", arguments: ["$", "5$", "$5", "a $ b"])
  func dollars(text: String) throws { #expect(try json(text) == JSONValue.string(text).text) }

  @Test("The names in a node are found, with their places")
  func names() throws {
    let found = References.names(in: try node("{ a: $one, b: [x$two$n] }"))
    #expect(found.map(\.name) == ["one", "two", "n"])
    #expect(found.map(\.mark) == [13, 23, 23].map { Mark(line: 1, column: $0) })
  }
}

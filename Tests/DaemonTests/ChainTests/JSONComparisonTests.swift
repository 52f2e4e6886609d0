import Pipeline
import Testing

@testable import Daemon

@Suite("JSON against what is expected of it")
struct JSONComparisonTests {
  private func differences(_ expected: String, _ found: String) throws -> [String] {
    var faults: [Fault] = []
    let file = try #require(ConfigurationFile(Array("d: \(expected)\n".utf8), environment: [:], &faults))
    let node = try #require(file.root["d"])
    let value = try JSONValue(parsing: Array(found.utf8))
    return JSONComparison(node, value, path: "data", References()).differences
      .map { "\($0.mark.column) \($0.message)" }
  }

  @Test(
    "Members that are not named may be anything, numbers are compared by value",
    arguments: [
      ("{ a: 1 }", #"{"a":1,"b":2}"#), ("{ a: 1.0 }", #"{"a":1}"#), ("{}", #"{"a":1}"#),
      ("{ a: [x, { b: c }] }", #"{"a":["x",{"b":"c","d":null}]}"#), ("{ a: null }", #"{"a":null}"#),
    ])
  func same(expected: String, found: String) throws { #expect(try differences(expected, found) == []) }

  @Test(
    "What differs is told with its place and its path",
    arguments: [
      ("{ a: 1 }", #"{"a":2}"#, ["9 expected data.a to be 1, found 2"]),
      ("{ a: \"1\" }", #"{"a":1}"#, [#"9 expected data.a to be "1", found 1"#]),
      (
        "{ a: x, b: y }", #"{"b":"z"}"#,
        [
          #"9 expected data.a to be "x", found nothing"#, #"15 expected data.b to be "y", found "z""#,
        ]
      ),
      ("{ a: { b: [1, 2] } }", #"{"a":{"b":[1]}}"#, ["14 expected data.a.b to be [1,2], found [1]"]),
      ("{ a: [{ b: c }] }", #"{"a":[{"b":"d"}]}"#, [#"15 expected data.a[0].b to be "c", found "d""#]),
      ("{ a: [1] }", #"{"a":[1,2]}"#, ["9 expected data.a to be [1], found [1,2]"]),
      ("{ a: null }", "{}", ["9 expected data.a to be null, found nothing"]),
    ])
  func different(expected: String, found: String, told: [String]) throws {
    #expect(try differences(expected, found) == told)
  }
}

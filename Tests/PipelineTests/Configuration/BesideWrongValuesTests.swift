import PipelineTestKit
import Testing

@testable import Pipeline

/// A stage whose needs depend on its configuration, and that can't do without some of it.
private struct Picky: EventStage {
  struct Configuration: Decodable, Sendable {
    struct Inner: Decodable, Sendable {
      var size: ByteSize
      var word: String?
    }
    enum Kind: Decodable, Sendable {
      case one
      init(from decoder: any Decoder) throws { throw ConfigurationError("is never right") }
    }
    var alone: Bool?
    var inner: Inner
    var words: [String]?
    var number: Int8?
    var kind: Kind?
    var list: [Inner]?
    var table: [String: Rate]?
  }
  static let name = "picky"
  static func requirements(_ configuration: Configuration) -> Requirements {
    Requirements(needs: configuration.alone == true ? [] : [.identity])
  }
  static func check(_ configuration: Configuration, _ report: inout ConfigurationReport) {
    if let words = configuration.words, words.isEmpty { report.error("'words' is empty", key: "words") }
    for word in configuration.words ?? [] where word.count > 3 {
      report.error("'\(word)' is long", key: "words", item: word)
    }
    if let number = configuration.number, number < 1 { report.error("'number' is small", key: "number") }
    if configuration.inner.word == nil { report.error("there is no word") }
  }
  init(_ configuration: Configuration, _ context: StageContext) {}
  func process(_ event: inout Event) -> Verdict { .continue }
}

/// A stage that can't be made of nothing, so that reading it ends at what is wrong.
private struct Brittle: EventStage {
  struct Configuration: Decodable, Sendable {
    var kind: Picky.Configuration.Kind
    var later: Int?
  }
  static let name = "brittle"
  init(_ configuration: Configuration, _ context: StageContext) {}
  func process(_ event: inout Event) -> Verdict { .continue }
}

@Suite("What stands beside a wrong value is read and checked")
struct BesideWrongValuesTests {
  private func faults(_ entries: String...) -> [String] {
    var faults: [Fault] = []
    let source = Array(("pipeline:\n" + entries.joined(separator: "\n")).utf8)
    if let file = ConfigurationFile(source, environment: [:], &faults), let list = file.root["pipeline"] {
      let registry = StageRegistry([Picky.self, Brittle.self])
      _ = ChainPlan(list, registry, ChainSetting(mayMakeSecrets: false), &faults)
    }
    return FaultReport(file: "f", source: source, faults: faults).faults.filter { $0.severity == .error }
      .map { "\($0.mark.line):\($0.mark.column): \($0.message)" }
  }

  private let right = "    alone: true\n    inner: { size: 1B, word: a }"

  @Test("Items of a list are left out, and the others checked at their own places")
  func items() {
    #expect(
      faults("  - stage: picky\n\(right)\n    words: [[a], ab, abcd]") == [
        "5:13: an item of 'words' wants a text", "5:22: 'abcd' is long (stage 'picky')",
      ])
  }

  @Test("A list of which nothing is left is not also called empty")
  func emptiedList() {
    #expect(
      faults("  - stage: picky\n\(right)\n    words: [[a]]") == ["5:13: an item of 'words' wants a text"])
    #expect(faults("  - stage: picky\n\(right)\n    words: []") == ["5:12: 'words' is empty (stage 'picky')"])
  }

  @Test("Wrong values in mappings, in lists of mappings and in tables are told beside each other")
  func mappings() {
    let found = faults(
      """
        - stage: picky
          alone: true
          inner: { size: big, word: [], wrod: x }
          number: 300
          kind: x
          list: [{ size: 1B, word: {} }, 5, { siez: 1B }]
          table: { a: 1/s, b: often, c: [] }
          nubmer: 5
      """)
    #expect(
      found == [
        "4:20: 'size' wants a size such as 512B, 64KiB or 1MiB", "4:31: 'word' wants a text",
        "4:35: unknown key 'wrod' in 'inner' of stage 'picky'; did you mean 'word'?",
        "5:13: 'number' wants a whole number", "6:11: 'kind' is never right",
        "7:30: 'word' wants a text", "7:36: an item of 'list' wants keys and values",
        "7:39: 'size' is missing in an item of 'list'",
        "7:41: unknown key 'siez' in an item of 'list'; did you mean 'size'?",
        "8:25: 'b' wants a rate such as 50/s, 100/m or 5/10s",
        "8:35: 'c' wants a rate such as 50/s, 100/m or 5/10s",
        "9:5: unknown key 'nubmer' in stage 'picky'; did you mean 'number'?",
      ])
  }

  @Test("What is wrong with the whole is said only of a stage that could be read")
  func whole() {
    let fault = "there is no word (stage 'picky')"
    #expect(faults("  - stage: picky\n    alone: true\n    inner: { size: 1B }") == ["2:5: " + fault])
    #expect(
      faults("  - stage: picky\n    alone: true\n    inner: 5") == ["4:12: 'inner' wants keys and values"])
  }

  @Test("A stage that can't be made of nothing still gets its unknown keys, and common ones, checked")
  func brittle() {
    #expect(
      faults("  - stage: brittle\n    kind: x\n    later: 1\n    lader: 2\n    timeout: soon") == [
        "3:11: 'kind' is never right", "5:5: unknown key 'lader' in stage 'brittle'",
        "6:14: 'timeout' wants a duration such as 250ms, 10s, 10m, 1h or 7d",
      ])
  }

  @Test("The order is judged by what is certain, whatever the wrong values were meant to be")
  func order() {
    let need = "stage 'picky' needs identity, which no stage before it gives"
    let inner = "    inner: { size: 1B, word: a }"
    #expect(faults("  - stage: picky\n\(inner)") == ["2:5: " + need])
    #expect(
      faults("  - stage: picky\n\(inner)\n    number: x") == [
        "2:5: " + need, "4:13: 'number' wants a whole number",
      ])
    #expect(faults("  - stage: picky\n\(inner)\n    alone: x") == ["4:12: 'alone' wants true or false"])
    #expect(
      faults("  - stage: picyk", "  - stage: picky\n\(inner)") == [
        "2:12: unknown stage 'picyk'; did you mean 'picky'?"
      ])
  }

  @Test("A file with a byte that is no UTF-8 is told where it is")
  func notUTF8() {
    var faults: [Fault] = []
    #expect(ConfigurationFile(Array("a: ä\r\nb: ü".utf8) + [0xFF], environment: [:], &faults) == nil)
    #expect(faults == [Fault(Mark(line: 2, column: 5), "the file is not UTF-8 from here on")])
  }

  @Test("A line with very many faults is made ready once")
  func manyFaults() {
    let entries = String(repeating: "5,", count: 20_000)
    let faults = (1...20_000).map { Fault(Mark(line: 1, column: $0 * 2), "x") }
    let text = FaultReport(file: "f", source: Array("[\(entries)]".utf8), faults: faults).text
    #expect(text.split(separator: "\n").count == 60_000)
  }
}

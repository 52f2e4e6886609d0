import Logging
import Pipeline
import PipelineTestKit
import Testing

/// A stage with a key of each kind.
private struct Sample: EventStage {
  struct Configuration: Decodable, Sendable {
    var wait: ConfigDuration?
    var size: ByteSize?
    var rate: Rate?
    var count: Int?
    var strict: Bool?
    var words: [String]?
    var perType: [String: Rate]?

    enum CodingKeys: String, CodingKey {
      case wait, size, rate, count, strict, words
      case perType = "per_type"
    }
  }
  static let name = "sample"
  init(_ configuration: Configuration, _ context: StageContext) {}
  func process(_ event: inout Event) -> Verdict { .continue }
}

private struct Giver: EventStage {
  static let name = "giver"
  static func requirements(_ configuration: NoConfiguration) -> Requirements {
    Requirements(gives: [.identity])
  }
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ event: inout Event) -> Verdict { .continue }
}

private struct Needer: EventStage {
  static let name = "needer"
  static let events: EventFilter = .only(.newMessage)
  static func requirements(_ configuration: NoConfiguration) -> Requirements {
    Requirements(needs: [.identity])
  }
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ event: inout Event) -> Verdict { .continue }
}

@Suite("A wrong file gets every fault with its place")
struct WrongFileTests {
  private func faults(
    _ text: String, _ environment: [String: String] = [:], warnings: Bool = false
  ) -> [String] {
    var faults: [Fault] = []
    let source = Array(text.utf8)
    if let file = ConfigurationFile(source, environment: environment, &faults),
      let list = file.root["pipeline"]
    {
      _ = ChainPlan(
        list, StageRegistry([Sample.self, Giver.self, Needer.self]), ChainSetting(mayMakeSecrets: false),
        &faults)
    }
    return FaultReport(file: "f", source: source, faults: faults).text.split(separator: "\n")
      .filter { $0.hasPrefix("f:") && $0.contains(": warning: ") == warnings }.map(String.init)
  }

  @Test("An event type that never comes to a stage is pointed out")
  func eventTypes() {
    let text =
      "pipeline:\n  - stage: giver\n    events: [X]\n  - stage: needer\n    events: [PING, NEW_MESAGE]"
    #expect(
      faults(text, warnings: true).suffix(2) == [
        "f:5:14: warning: no events of type 'PING' come to it; it takes: NEW_MESSAGE (stage 'needer')",
        "f:5:20: warning: no events of type 'NEW_MESAGE' come to it; did you mean 'NEW_MESSAGE'? (stage 'needer')",
      ])
  }

  @Test(
    "One fault each",
    arguments: [
      ("", "f:1:1: error: "),
      ("a: [", "f:2:1: error: YAML: "),
      ("- a", "f:1:1: error: the file wants keys and values"),
      ("pipeline: 5", "f:1:11: error: 'pipeline' wants a list"),
      ("pipeline:\n  - sample", "f:2:5: error: a stage's entry wants keys and values"),
      ("pipeline:\n  - wait: 5s", "f:2:5: error: 'stage' must name a stage"),
      ("pipeline:\n  - stage: sampel", "f:2:12: error: unknown stage 'sampel'; did you mean 'sample'?"),
      (
        "pipeline:\n  - stage: sample\n    cuont: 5",
        "f:3:5: error: unknown key 'cuont' in stage 'sample'; did you mean 'count'?"
      ),
      (
        "pipeline:\n  - stage: sample\n    enabeld: no",
        "f:3:5: error: unknown key 'enabeld' in stage 'sample'; did you mean 'enabled'?"
      ),
      ("pipeline:\n  - stage: sample\n    wait: 5", "f:3:11: error: 'wait' wants a duration"),
      ("pipeline:\n  - stage: sample\n    wait: 5 s", "f:3:11: error: 'wait' wants a duration"),
      ("pipeline:\n  - stage: sample\n    size: 5kB", "f:3:11: error: 'size' wants a size"),
      ("pipeline:\n  - stage: sample\n    rate: 5", "f:3:11: error: 'rate' wants a rate"),
      ("pipeline:\n  - stage: sample\n    count: five", "f:3:12: error: 'count' wants a whole number"),
      ("pipeline:\n  - stage: sample\n    strict: yes", "f:3:13: error: 'strict' wants true or false"),
      ("pipeline:\n  - stage: sample\n    words: x", "f:3:12: error: 'words' wants a list"),
      ("pipeline:\n  - stage: sample\n    per_type: { PING: x }", "f:3:23: error: "),
      (
        "pipeline:\n  - stage: sample\n    on_error: maybe",
        "f:3:15: error: 'on_error' wants reject, skip or dead_letter"
      ),
      ("pipeline:\n  - stage: sample\n    count: ${NOPE}", "f:3:12: error: the variable 'NOPE' is not set"),
      ("pipeline:\n  - stage: sample\n    count: ${NOPE", "f:3:12: error: '${' has no '}'"),
      (
        "pipeline:\n  - stage: sample\n    count: 1\n    count: 2",
        "f:4:5: error: the key 'count' stands twice"
      ),
      ("pipeline:\n\t- stage: sample", "f:2:1: error: "),
      ("a: &x 1", "f:1:4: error: anchors and aliases"),
      ("pipeline: *x", "f:1:11: error: anchors and aliases"),
      (
        "pipeline:\n  - stage: needer\n  - stage: giver",
        "f:2:5: error: stage 'needer' needs identity"
      ),
      (
        "pipeline:\n  - stage: giver\n    enabled: false\n  - stage: needer",
        "f:4:5: error: stage 'needer' needs identity"
      ),
      (
        "pipeline:\n  - stage: giver\n    on_error: skip\n  - stage: needer",
        "f:3:15: error: stage 'giver' can't have 'on_error: skip'"
      ),
      ("pipeline:\n  - stage: sample\n  - stage: sample", "f:3:5: error: "),
    ] as [(String, String)])
  func oneFault(text: String, expected: String) {
    let found = faults(text)
    #expect(found.count == 1 && found.first?.hasPrefix(expected) == true, "\(found)")
  }

  @Test("All faults of a file are told, in its order")
  func allAtOnce() {
    let found = faults(
      """
      pipeline:
        - stage: sample
          wait: soon
          size: big
        - stage: needer
        - stage: nothing
      """)
    #expect(found.map { $0.prefix(6) } == ["f:3:11", "f:4:11", "f:5:5:", "f:6:12"])
  }

  @Test("Variables are filled in after the YAML has been read, so that a value is never taken for YAML")
  func variables() {
    let text = "pipeline:\n  - stage: sample\n    count: ${N:-7}\n    words: [\"${W}\"]"
    #expect(faults(text, ["W": "a]\nstage: needer"]).isEmpty)
    #expect(faults(text, ["W": "x", "N": "many"]).count == 1)
  }

  @Test("The offending line stands below, with a caret under the place")
  func caret() {
    var faults: [Fault] = []
    let source = Array("pipeline: 5".utf8)
    if let file = ConfigurationFile(source, environment: [:], &faults), let list = file.root["pipeline"] {
      _ = ChainPlan(list, StageRegistry([]), ChainSetting(mayMakeSecrets: false), &faults)
    }
    #expect(
      FaultReport(file: "f", source: source, faults: faults).text.hasSuffix("  pipeline: 5\n            ^\n"))
  }

  @Test(
    "Lines are counted as YAML counts them, however they end", arguments: ["\n", "\r\n", "\r", "\u{2028}"])
  func lineBreaks(end: String) throws {
    let source = Array(["version: 1", "pipeline:", "  - stage: nothing", ""].joined(separator: end).utf8)
    var faults: [Fault] = []
    let file = try #require(ConfigurationFile(source, environment: [:], &faults))
    _ = ChainPlan(
      try #require(file.root["pipeline"]), StageRegistry([Sample.self]), ChainSetting(mayMakeSecrets: false),
      &faults)
    let text = FaultReport(file: "f", source: source, faults: faults).text
    #expect(text.hasPrefix("f:3:12: error: unknown stage 'nothing'"))
    #expect(text.hasSuffix("\n    - stage: nothing\n             ^\n"))
  }

  @Test("Garbage of any kind ends in faults, never in a crash")
  func garbage() {
    var random = SeededGenerator(seed: 4711)
    let seed = Array(
      "version: 1\npipeline:\n  - stage: sample\n    words: [a, \"b\"]\n    wait: ${X:-5s}\n".utf8)
    for _ in 0..<5000 {
      var bytes = seed
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &random)
        case 1: bytes.remove(at: place)
        default:
          bytes.insert(Array("{}[]&*!|>'\"%@`\t\n:-#,?".utf8).randomElement(using: &random)!, at: place)
        }
      }
      var found: [Fault] = []
      if let file = ConfigurationFile(bytes, environment: [:], &found), let list = file.root["pipeline"] {
        _ = ChainPlan(list, StageRegistry([Sample.self]), ChainSetting(mayMakeSecrets: false), &found)
      }
      for fault in found { #expect(fault.mark.line >= 1 && fault.mark.column >= 1 && !fault.message.isEmpty) }
    }
  }
}

public import Pipeline

/// A stage's entry, read and checked as the daemon reads it, after stages that give what it needs.
public struct TestEntry<Kind: Stage>: Sendable {
  /// What the daemon says of it: `LINE:COLUMN: severity: message`, lines counted from the first of the keys.
  public let faults: [String]
  /// The entry; `nil` where it can't be read.
  public let entry: StageEntry?
  private let hasErrors: Bool

  /// Reads an entry.
  ///
  /// - Parameter yaml: Its keys, as they stand under `- stage: NAME`, without an indentation.
  public init(_ type: Kind.Type, yaml: String) {
    let alone = Self.read(yaml, after: [])
    let needs = alone.plan?.entries.last?.requirements.needs ?? []
    let (plan, faults, lead) = needs.isEmpty ? alone : Self.read(yaml, after: needs)
    entry = plan?.entries.last { $0.typeName == Kind.name }
    // Of the chain around it nothing is to be said.
    let own = faults.filter { $0.mark.line >= lead }
    hasErrors = own.contains { $0.severity == .error }
    self.faults = own.map {
      "\($0.mark.line - lead):\($0.mark.column - 4): \($0.severity.rawValue): \($0.message)"
    }
  }

  /// The entry.
  ///
  /// - Throws: ``WrongEntry`` where the daemon would refuse it.
  public func accepted() throws -> StageEntry {
    guard let entry, !hasErrors else { throw WrongEntry(faults: faults) }
    return entry
  }

  /// - Returns: also the line of `- stage: NAME`.
  private static func read(
    _ yaml: String, after needs: [Capability]
  ) -> (plan: ChainPlan?, faults: [Fault], line: Int) {
    let gifts = needs.map { "\"\($0)\"" }.joined(separator: ", ")
    let line = 4
    var text = "pipeline:\n  - stage: \(Giving.name)\n    gives: [\(gifts)]\n  - stage: \(Kind.name)\n"
    for key in yaml.split(separator: "\n", omittingEmptySubsequences: false) { text += "    \(key)\n" }
    var faults: [Fault] = []
    guard let file = ConfigurationFile(Array(text.utf8), environment: [:], &faults),
      let list = file.root["pipeline"]
    else { return (nil, faults, line) }
    let registry = StageRegistry([Giving.self, Kind.self])
    let plan = ChainPlan(list, registry, ChainSetting(mayMakeSecrets: false), &faults)
    return (plan, faults, line)
  }
}

/// Why the daemon would refuse a stage's entry.
public struct WrongEntry: Error, Sendable, CustomStringConvertible {
  /// What it says of the entry.
  public let faults: [String]

  /// The faults, a line each.
  public var description: String { faults.joined(separator: "\n") }
}

/// A stage that claims to give whatever the next one needs.
struct Giving: EventStage {
  struct Configuration: Decodable, Sendable { var gives: [String] }

  static let name = "test_giving"

  static func requirements(_ configuration: Configuration) -> Requirements {
    Requirements(gives: configuration.gives.map(Capability.init(rawValue:)))
  }

  init(_ configuration: Configuration, _ context: StageContext) {}
  func process(_ event: inout Event) -> Verdict { .continue }
}

public import Logging

/// A chain as a file declares it, checked and ready to be started.
public struct ChainPlan: Sendable {
  /// The entries, in their order, those that are switched off included.
  public let entries: [StageEntry]

  /// The most stages that a file may declare; the daemon adds a few of its own, and an event's route has 64 bits.
  static let stageLimit = 56

  /// Reads the list under `pipeline` and checks that the chain can work. All faults are added to `faults`; where any
  /// is an error, the plan is not to be started.
  public init(_ node: YAMLNode, _ registry: StageRegistry, _ setting: ChainSetting, _ faults: inout [Fault]) {
    var entries: [StageEntry] = []
    guard case .sequence(let items) = node.value else {
      faults.append(Fault(node.mark, "'pipeline' wants a list of stages: - stage: NAME"))
      self.entries = []
      return
    }
    let before = faults.count { $0.severity == .error }
    for item in items {
      guard case .mapping = item.value else {
        faults.append(Fault(item.mark, "a stage's entry wants keys and values: - stage: NAME"))
        continue
      }
      guard let named = item["stage"], case .scalar(let name, _) = named.value, !name.isEmpty else {
        faults.append(Fault(item["stage"]?.mark ?? item.mark, "'stage' must name a stage: - stage: NAME"))
        continue
      }
      guard let type = registry[name] else {
        let phrase = Suggestion.phrase(for: name, among: registry.names, kind: "known stages")
        faults.append(Fault(named.mark, "unknown stage '\(name)'\(phrase)"))
        continue
      }
      guard let entry = StageEntry(type, item, setting, &faults) else { continue }
      for finding in entry.findings {
        let mark = finding.key.flatMap { item[$0]?.mark } ?? item.mark
        faults.append(Fault(mark, "\(finding.message) (stage '\(entry.name)')", severity: finding.severity))
      }
      entries.append(entry)
    }
    self.entries = entries
    // Of a chain with entries that can't be read it is not known what is missing.
    let isWhole = faults.count { $0.severity == .error } == before || entries.count == items.count
    faults += OrderCheck(entries, isWhole: isWhole, mark: node.mark).faults
  }

  /// How the first stage of a type that is switched on is configured; `nil` where there is none.
  public func configuration<Kind: Stage>(of type: Kind.Type) -> Kind.Configuration? {
    entries.lazy.filter { $0.isEnabled && $0.typeName == type.name }.first?.configuration
      as? Kind.Configuration
  }

  /// Starts the stages that are switched on, in their order; those of `inForce` that are to be as they are, it keeps.
  ///
  /// - Parameter inForce: The stages of the chain that this one is to follow.
  /// - Throws: what keeps one from working; those already started have been shut down then.
  public func start(
    _ services: ServiceSet, _ logger: Logger, _ clock: EngineClock, following inForce: [ChainStage] = []
  ) async throws -> [ChainStage] {
    var stages: [ChainStage] = []
    var started: [ChainStage] = []
    for entry in entries where entry.isEnabled {
      let last = inForce.first { $0.name == entry.name && $0.typeName == entry.typeName }
      if let kept = last.flatMap(entry.keeping) {
        stages.append(kept)
        continue
      }
      do {
        try Task.checkCancellation()
        let stage = try await entry.start(services, logger, clock, replacing: last)
        stages.append(stage)
        started.append(stage)
      } catch {
        await Chain(started).shutDown()
        throw StageStartError("stage '\(entry.name)' can't start: \(error)")
      }
    }
    return stages
  }
}

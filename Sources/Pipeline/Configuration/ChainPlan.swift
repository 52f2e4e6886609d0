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
    guard case .sequence(let items) = node.value else {
      faults.append(.unreadable(node.mark, "'pipeline' wants a list of stages: - stage: NAME"))
      entries = []
      return
    }
    var entries: [StageEntry] = []
    var places: [ChainPlace] = []
    let unfilled = faults.hidden
    for item in items {
      var found: [Fault] = []
      defer { faults += found }
      guard let type = Self.type(of: item, registry, &found),
        let entry = StageEntry(type, item, setting, unread: unfilled, &found)
      else {
        places.append(ChainPlace(item))
        continue
      }
      places.append(ChainPlace(entry, unread: unfilled.union(found.hidden)))
      entries.append(entry)
    }
    self.entries = entries
    faults += OrderCheck(places, mark: node.mark).faults
  }

  /// The type that an entry names; where that is not known, the faults of the keys that every entry takes.
  private static func type(of item: YAMLNode, _ registry: StageRegistry, _ faults: inout [Fault])
    -> (any Stage.Type)?
  {
    guard case .mapping(let keys) = item.value else {
      faults.append(.unreadable(item.mark, "a stage's entry wants keys and values: - stage: NAME"))
      return nil
    }
    if let named = item["stage"], let name = named.scalar, !name.isEmpty {
      if let type = registry[name] { return type }
      let phrase = Suggestion.phrase(for: name, among: registry.names, kind: "known stages")
      faults.append(.unreadable(named.mark, "unknown stage '\(name)'\(phrase)"))
    } else if let named = item["stage"] {
      faults.append(.unreadable(named.mark, "'stage' must name a stage: - stage: NAME"))
    } else {
      let name = keys.map(\.key).first { registry[$0] != nil } ?? "NAME"
      let near = Suggestion.nearest(to: "stage", among: keys.map(\.key))
      let phrase = near.map { "; is '\($0)' meant to be 'stage'?" } ?? ""
      faults.append(Fault(item.mark, "'stage' must name a stage: - stage: \(name)\(phrase)"))
    }
    StageEntry.checkCommonKeys(of: item, &faults)
    return nil
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

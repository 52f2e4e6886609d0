public import Logging

/// One entry of a chain's plan: a stage, how it is configured and how it is run.
public struct StageEntry: Sendable {
  /// The name of the stage's type.
  public let typeName: String
  /// The entry's own name: that of the type unless it says otherwise.
  public let name: String
  /// Whether it is part of the chain.
  public let isEnabled: Bool
  /// Where it stands in the file.
  public var mark: Mark { node.mark }
  /// The entry as it stands in the file, its variables filled in. It may hold secrets.
  public let node: YAMLNode
  /// What it needs and gives, so configured.
  public let requirements: Requirements
  /// What becomes of an event when the stage fails.
  public let onError: FaultPolicy
  /// How far the stage is obeyed.
  public let enforcement: Enforcement
  /// What its configuration and files are.
  public let fingerprint: StageFingerprint
  /// Whether the requirements are the same whatever stands in place of values that could not be read.
  let requirementsAreKnown: Bool
  let configuration: any Sendable
  private let events: EventFilter?
  private let timeout: Duration?
  private let make: @Sendable (StageContext) async throws -> any Stage

  /// Starts the stage.
  ///
  /// - Parameter predecessor: The stage that it replaces.
  /// - Throws: what keeps it from working.
  public func start(
    _ services: ServiceSet, _ logger: Logger, _ clock: EngineClock, replacing predecessor: ChainStage? = nil
  ) async throws -> ChainStage {
    var logger = logger
    logger[metadataKey: "stage"] = "\(name)"
    let context = StageContext(
      name: name, services: services, logger: logger, clock: clock, predecessor: predecessor?.instance.stage)
    let instance = StageInstance(try await make(context))
    return chainStage(instance, fingerprint.afterStart())
  }

  /// A stage that runs already, run as this entry says; `nil` where it was made from anything else.
  public func keeping(_ stage: ChainStage) -> ChainStage? {
    guard stage.typeName == typeName, stage.name == name, stage.fingerprint == fingerprint else { return nil }
    return chainStage(stage.instance, fingerprint)
  }

  private func chainStage(_ instance: StageInstance, _ fingerprint: StageFingerprint) -> ChainStage {
    ChainStage(
      instance, name: name, events: events, timeout: timeout, onError: onError, requirements: requirements,
      enforcement: enforcement, fingerprint: fingerprint)
  }

  /// Reads an entry, and checks it where it is switched on; its faults are added to `faults`. Where there are errors
  /// among them, it is only good for finding more, and `nil` where not even that much could be read.
  ///
  /// - Parameter unread: The places of values that are known not to be had.
  init?<Kind: Stage>(
    _ type: Kind.Type, _ node: YAMLNode, _ setting: ChainSetting, unread: Set<Mark>, _ faults: inout [Fault]
  ) {
    let own = node.keeping { !CommonKeys.names.contains($0) }
    let context = "stage '\(Kind.name)'"
    let keys = Self.commonKeys(of: node, &faults)
    let before = faults.count
    // A key that the stage does not know may be a mistyped common one, so both are suggested.
    let read = ConfigurationDecoder.decode(
      Kind.Configuration.self, from: own, context: context, besides: CommonKeys.names, &faults)
    let isWhole = faults.count == before && !own.entries.contains { unread.contains($0.value.mark) }
    guard let keys, let configuration = read else { return nil }
    typeName = Kind.name
    name = keys.name ?? Kind.name
    isEnabled = keys.enabled ?? true
    self.node = node
    requirements = Kind.requirements(configuration)
    requirementsAreKnown =
      isWhole
      || ConfigurationDecoder.guesses(Kind.Configuration.self, from: own)
        .allSatisfy { [requirements] in Kind.requirements($0) == requirements }
    onError = keys.onError ?? Kind.onError
    enforcement = keys.enforce ?? .full
    fingerprint = StageFingerprint(
      configuration: own.canonical, files: isEnabled ? Kind.files(configuration) : [])
    self.configuration = configuration
    events = keys.events.map { EventFilter.only(Set($0.map(EventType.init(rawValue:)))) }
    timeout = keys.timeout?.duration
    make = { context in try await Kind(configuration, context) }
    guard isEnabled else { return }
    var report = ConfigurationReport(setting: setting)
    Kind.check(configuration, &report)
    for type in keys.events ?? [] where !Kind.events.takes(EventType(rawValue: type)) {
      let known = Kind.events.named.map(\.rawValue).sorted()
      report.warning(
        "no events of type '\(type)' come to it"
          + Suggestion.phrase(for: type, among: known, kind: "it takes"),
        key: "events", item: type)
    }
    for finding in report.findings {
      let value = finding.key.flatMap { node[$0] }
      // What is wrong with the whole, or with a key that is not set, may only follow from what could not be read.
      if value == nil, finding.severity == .error, !isWhole { continue }
      let mark = finding.item.flatMap { value?.mark(ofItem: $0) } ?? value?.mark ?? node.mark
      faults.append(Fault(mark, "\(finding.message) (stage '\(name)')", severity: finding.severity))
    }
  }

  /// Reads the keys that every entry takes.
  @discardableResult
  fileprivate static func commonKeys(of node: YAMLNode, _ faults: inout [Fault]) -> CommonKeys? {
    let common = node.keeping { CommonKeys.names.contains($0) }
    let keys = ConfigurationDecoder.decode(CommonKeys.self, from: common, context: "the entry", &faults)
    if let name = keys?.name, let mark = node["name"]?.mark, !(1...64).contains(name.count) {
      faults.append(.unreadable(mark, "'name' has 1 to 64 characters"))
    }
    return keys
  }

  /// Adds the faults of the keys that every entry takes.
  static func checkCommonKeys(of node: YAMLNode, _ faults: inout [Fault]) { commonKeys(of: node, &faults) }
}

/// The keys that every stage's entry takes.
private struct CommonKeys: Decodable {
  static let names = ["stage", "name", "enabled", "events", "timeout", "on_error", "enforce"]

  var stage: String?
  var name: String?
  var enabled: Bool?
  var events: [String]?
  var timeout: ConfigDuration?
  var onError: FaultPolicy?
  var enforce: Enforcement?

  enum CodingKeys: String, CodingKey {
    case stage, name, enabled, events, timeout, enforce
    case onError = "on_error"
  }
}

extension FaultPolicy: Decodable {}

extension YAMLNode {
  /// The mapping without the entries whose keys a condition does not hold for.
  fileprivate func keeping(_ condition: (String) -> Bool) -> YAMLNode {
    YAMLNode(value: .mapping(entries.filter { condition($0.key) }), mark: mark)
  }
}

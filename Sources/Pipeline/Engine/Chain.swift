/// A stage in force: the instance, with all that the engine needs to know to run it.
public final class ChainStage: Sendable {
  /// Its name in the chain.
  public let name: String
  /// The name of its type.
  public let typeName: String
  /// The events that it takes.
  public let events: EventFilter
  /// How long it may take for an event, in nanoseconds.
  let timeout: UInt64
  /// What becomes of an event when it fails.
  public let onError: FaultPolicy
  /// How far it is obeyed.
  public let enforcement: Enforcement
  /// Whether it is the commit point.
  public let commits: Bool
  /// The stage, which chains of several generations may share.
  public let instance: StageInstance
  /// What it was made from; `nil` of a stage that no file names.
  public let fingerprint: StageFingerprint?
  let hearsSettlements: Bool
  // Of the instance, kept here since they are needed for every batch.
  let stage: any Stage
  let form: StageForm
  /// Whether it is obeyed on every event.
  let isAlwaysObeyed: Bool

  /// Makes a started stage part of a chain.
  public convenience init(
    _ stage: any Stage, name: String? = nil, events: EventFilter? = nil, timeout: Duration? = nil,
    onError: FaultPolicy? = nil, requirements: Requirements = Requirements(),
    enforcement: Enforcement = .full
  ) {
    self.init(
      StageInstance(stage), name: name, events: events, timeout: timeout, onError: onError,
      requirements: requirements, enforcement: enforcement)
  }

  /// Makes a stage that is in force already part of one more chain, perhaps run in another way.
  public init(
    _ instance: StageInstance, name: String? = nil, events: EventFilter? = nil, timeout: Duration? = nil,
    onError: FaultPolicy? = nil, requirements: Requirements = Requirements(),
    enforcement: Enforcement = .full, fingerprint: StageFingerprint? = nil
  ) {
    let type = type(of: instance.stage)
    self.instance = instance
    stage = instance.stage
    form = instance.form
    isAlwaysObeyed = enforcement == .full
    self.name = name ?? type.name
    typeName = type.name
    self.events = events ?? type.events
    self.timeout = UInt64(max(0, (timeout ?? type.timeout).wholeNanoseconds))
    self.onError = onError ?? type.onError
    self.enforcement = enforcement
    self.fingerprint = fingerprint
    commits = requirements.gives.contains(.durableID)
    hearsSettlements = type.hearsSettlements
  }

  /// Whether it keeps the order of what it is given, so that it may hold several events of one connection.
  var keepsOrder: Bool {
    if case .deferring = form.kind { true } else { false }
  }

  /// What becomes of an event on which it has failed: of one that can't be set aside, what does by the stage's default.
  func policy(on event: Event) -> FaultPolicy {
    guard enforcement.obeys(stage: name, on: event) else { return .skip }
    return onError == .deadLetter && !event.type.canBeSetAside ? type(of: stage).onError : onError
  }
}

/// Stages in force, in their order. Immutable: a reload makes another.
public final class Chain: Sendable {
  /// The stages, first to last; at most 64.
  public let stages: [ChainStage]
  /// Rises with every reload.
  public let revision: Int
  /// The stages that want to hear how events have ended.
  let listeners: [Int]
  /// Of each stage, the later ones that ask ahead when it is given events.
  let askingAhead: [[Int]]
  private let routes: [EventType: UInt64]
  private let named: Set<EventType>

  /// A chain of started stages.
  public init(_ stages: [ChainStage], revision: Int = 1) {
    precondition(stages.count <= 64, "an event's route has 64 bits")
    self.stages = stages
    self.revision = revision
    let types: [EventType] = [
      .auth, .newMessage, .messageRead, .messageDelivered, .editMessage, .deleteMessage, .typing, .sync,
      .ping,
      .connect, .disconnect, .query,
    ]
    var routes: [EventType: UInt64] = [:]
    for type in types { routes[type] = Self.route(of: type, through: stages) }
    self.routes = routes
    listeners = stages.indices.filter { stages[$0].hearsSettlements }
    askingAhead = stages.indices.map { Self.askingAhead(of: $0, in: stages) }
    named = stages.reduce(into: []) { named, stage in
      switch stage.events.kind {
      case .only(let types), .clientAnd(let types): named.formUnion(types)
      case .client, .all: break
      }
    }
  }

  /// Bit n is set where stage n takes events of the type.
  func route(of type: EventType) -> UInt64 { routes[type] ?? Self.route(of: type, through: stages) }

  /// Whether a stage names the type, so that events of it are known here.
  func knows(_ type: EventType) -> Bool { named.contains(type) || type.isReserved }

  private static func route(of type: EventType, through stages: [ChainStage]) -> UInt64 {
    var route: UInt64 = 0
    for (index, stage) in stages.enumerated() where stage.events.takes(type) { route |= 1 << UInt64(index) }
    return route
  }

  /// The stages up to the next commit point that ask ahead, where the stage answers later.
  private static func askingAhead(of index: Int, in stages: [ChainStage]) -> [Int] {
    guard stages[index].keepsOrder, !stages[index].commits else { return [] }
    let later = stages[(index + 1)...]
    let end = later.firstIndex { $0.commits }.map { $0 + 1 } ?? stages.endIndex
    return later[..<end].indices.filter { stages[$0].form.prepare != nil }
  }

  /// Ends the stages, last to first, after their last event.
  public func shutDown() async {
    for stage in stages.reversed() { await stage.instance.shutDown() }
  }
}

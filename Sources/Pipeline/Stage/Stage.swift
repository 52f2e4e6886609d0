/// One step of the chain: what every form of stage has in common.
///
/// A stage conforms to one of the forms, which says how it is given its events:
///
/// | form | gets | runs |
/// | --- | --- | --- |
/// | ``EventStage`` | one event | synchronously on the event loop: the easy form |
/// | ``BatchStage`` | what arrived together | synchronously on the event loop |
/// | ``AsyncStage`` | one event | as a task; only the same connection's later events wait |
/// | ``WorkerStage`` | what arrived since its last batch | on a thread of its own, where it may block |
/// | ``DeferringStage`` | what arrived together | gives the batch back when it is done, from any thread |
///
/// One instance serves all event loops at once, so what changes in it needs a lock; state that is to survive a
/// reload belongs into a service, under ``StageContext/name``.
public protocol Stage: Sendable {
  /// What the stage's entry in `pipeline.yaml` holds; an optional property is an optional key.
  associatedtype Configuration: Decodable & Sendable = NoConfiguration

  /// The name in `pipeline.yaml`.
  static var name: String { get }
  /// What the stage does, in a line.
  static var summary: String { get }
  /// The keys of its configuration, for `sluice stages`.
  static var options: [StageOption] { get }
  /// The events it sees unless its entry says otherwise: by default what clients send.
  static var events: EventFilter { get }
  /// What becomes of an event when the stage itself fails, unless its entry says otherwise: by default the event
  /// is rejected.
  static var onError: FaultPolicy { get }
  /// How long the stage may take for an event unless its entry says otherwise: by default 5 seconds.
  static var timeout: Duration { get }
  /// Whether ``settled(_:)`` is to be called.
  static var hearsSettlements: Bool { get }

  /// What the stage needs from earlier ones and gives to later ones, so configured.
  static func requirements(_ configuration: Configuration) -> Requirements

  /// Reports what decoding could not see: values out of range, files that can't be read, dubious settings.
  /// Called for enabled stages only, before any is started; also where some values could not be read and others stand in
  /// their place, of which nothing that is reported counts.
  static func check(_ configuration: Configuration, _ report: inout ConfigurationReport)

  /// The files that a configuration names and the stage reads when it starts: where one of them has changed, a reload
  /// starts the stage anew, else it keeps it.
  static func files(_ configuration: Configuration) -> [String]

  /// Starts the stage. Events come, and what is to be seen elsewhere is done, only from ``activate()`` on: until then the
  /// chain may still be given up, since another of its stages can't start.
  ///
  /// - Throws: what keeps it from working; the chain is then not put in force.
  init(_ configuration: Configuration, _ context: StageContext) async throws

  /// The chain that the stage was started for is in force. Called once; where the stage takes over from
  /// ``StageContext/predecessor(as:)``, this is the moment. It must not block.
  func activate()

  /// A reload has kept the stage: what it has fetched from elsewhere is to be fetched again.
  func refresh() async

  /// Hears how events that it saw have ended, after the commit or the failure, on the event loop.
  func settled(_ settlements: [Settlement])

  /// Frees what the stage holds; called once, after its last event.
  func shutDown() async

  /// How the engine runs it; each form supplies this.
  func form() -> StageForm
}

extension Stage {
  /// No description.
  public static var summary: String { "" }
  /// No keys described.
  public static var options: [StageOption] { [] }
  /// What clients send.
  public static var events: EventFilter { .client }
  /// Fails closed.
  public static var onError: FaultPolicy { .reject }
  /// Five seconds.
  public static var timeout: Duration { .seconds(5) }
  /// Does not ask for settlements.
  public static var hearsSettlements: Bool { false }
  /// Needs and gives nothing.
  public static func requirements(_ configuration: Configuration) -> Requirements { Requirements() }
  /// Finds nothing wrong.
  public static func check(_ configuration: Configuration, _ report: inout ConfigurationReport) {}
  /// Reads no files.
  public static func files(_ configuration: Configuration) -> [String] { [] }
  /// Has nothing to take over.
  public func activate() {}
  /// Has fetched nothing.
  public func refresh() async {}
  /// Not interested.
  public func settled(_ settlements: [Settlement]) {}
  /// Holds nothing.
  public func shutDown() async {}
}

/// The configuration of a stage that has none.
public struct NoConfiguration: Decodable, Sendable {
  /// Nothing to set.
  public init() {}
}

/// A key of a stage's configuration, described for `sluice stages`.
public struct StageOption: Sendable, Equatable {
  /// The key.
  public let key: String
  /// What may stand there: `duration`, `size`, `a | b`, ….
  public let type: String
  /// What holds where the key is absent; `nil` where it is required.
  public let defaultValue: String?
  /// What it is for, in a line.
  public let meaning: String

  /// A key with what to know about it.
  public init(_ key: String, _ type: String, default defaultValue: String?, _ meaning: String) {
    self.key = key
    self.type = type
    self.defaultValue = defaultValue
    self.meaning = meaning
  }
}

import FoundationEssentials
import Glibc
import Logging
import MemoryState
public import Pipeline
import SQLiteStore
public import Services

/// All that a stage may stand on, in memory: the embedded store and state, a clock that the test moves, and a router, a
/// scheduler, a web and a log that write down what they are asked for.
///
/// ```swift
/// let services = try TestServices()
/// let chain = TestChain([try await services.stage(Greeting.self, yaml: "text: hello")])
/// _ = await chain.send(.newMessage)
/// #expect(services.router.deliveries.map(\.userID) == ["bob"])
/// ```
public final class TestServices: Sendable {
  /// The time.
  public let clock = ManualClock()
  /// The daemon's own embedded store, on a database in memory. Once it has been closed, it answers as one that is away.
  public let store: any Store
  /// The daemon's own state in memory, going by ``clock``.
  public let state: any SharedState
  /// The way to users' devices.
  public let router = RecordingRouter()
  /// Who is there.
  public let liveness = ManualLiveness()
  /// What is to be done later.
  public let scheduler = ManualScheduler()
  /// Other servers.
  public let web = ManualWeb()
  /// What stages count of their own.
  public let metrics = StageMetrics()
  /// What stages log.
  public let log = RecordedLog()
  private let folder: String

  /// Services of a process that has just started.
  ///
  /// - Throws: `StoreError` where there is no room for a database.
  public init() throws {
    state = MemoryState(clock: clock.clock)
    // Linux keeps what is here in memory.
    let memory = "/dev/shm"
    let place = access(memory, W_OK) == 0 ? memory : FileManager.default.temporaryDirectory.path
    folder = "\(place)/sluice-\(UUID().uuidString)"
    store = try SQLiteStore(
      path: "\(folder)/store.db", logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      clock: clock.clock)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// All of them under their keys; a test may take some out or add its own.
  public var all: ServiceSet {
    var services = ServiceSet()
    services[StoreKey.self] = store
    services[SharedStateKey.self] = state
    services[RouterKey.self] = router
    services[LivenessKey.self] = liveness
    services[SchedulerKey.self] = scheduler
    services[WebFetcherKey.self] = web
    services[StageMetricsKey.self] = metrics
    services[MessageIDsKey.self] = MessageIDGenerator(clock: clock.clock)
    return services
  }

  /// What a stage of this type is started with.
  ///
  /// - Parameters:
  ///   - name: Its name in the chain, where that is not its type's.
  ///   - predecessor: The stage that it replaces.
  public func context(
    for type: any Stage.Type, name: String? = nil, predecessor: (any Stage)? = nil
  ) -> StageContext {
    var logger = log.logger
    logger[metadataKey: "stage"] = "\(name ?? type.name)"
    return StageContext(
      name: name ?? type.name, services: all, logger: logger, clock: clock.clock, predecessor: predecessor)
  }

  /// A stage in force, so configured.
  ///
  /// - Throws: what keeps it from starting.
  public func stage<Kind: Stage>(_ type: Kind.Type, _ configuration: Kind.Configuration) async throws
    -> ChainStage
  {
    ChainStage(
      try await Kind(configuration, context(for: type)), requirements: Kind.requirements(configuration))
  }

  /// A stage in force, as a file would declare it: `yaml` holds the keys of its entry.
  ///
  /// - Throws: ``WrongEntry`` where the daemon would refuse the entry; else what keeps the stage from starting.
  public func stage<Kind: Stage>(_ type: Kind.Type, yaml: String) async throws -> ChainStage {
    try await TestEntry(type, yaml: yaml).accepted().start(all, log.logger, clock.clock)
  }
}

import Logging
import Pipeline
import Services
import Stages

/// Makes chains: the stages that a plan declares, and behind them the daemon's own.
struct ChainAssembly: Sendable {
  /// What stages are started with.
  struct Parts: Sendable {
    let store: any Store
    let state: any SharedState
    let lease: Duration
    let router: any Router
    let sessions: any Sessions
    let liveness: any Liveness
    let live: LiveSettings
    let scheduler: any Scheduler
    let fetcher: any WebFetcher
    let sender: any WebSender
    let pushes: PushBook
    let metrics: StageMetrics
    let names: NameBook
    let revocations: RevocationList
  }

  private let parts: Parts
  private let services: ServiceSet
  private let node: NodeID
  private let tellNodes: @Sendable (String, String) -> Void
  private let clock: EngineClock
  private let logger: Logger

  /// - Parameter tellNodes: Tells other nodes of a user's new name.
  init(
    _ parts: Parts, node: NodeID, clock: EngineClock, logger: Logger,
    tellNodes: @escaping @Sendable (String, String) -> Void
  ) {
    self.parts = parts
    self.node = node
    self.clock = clock
    self.logger = logger
    self.tellNodes = tellNodes
    var services = ServiceSet()
    services[StoreKey.self] = parts.store
    services[SharedStateKey.self] = parts.state
    services[NodeLeaseKey.self] = parts.lease
    services[RouterKey.self] = parts.router
    services[LivenessKey.self] = parts.liveness
    services[SessionsKey.self] = parts.sessions
    services[DeviceLimitKey.self] = parts.live.deviceLimit
    services[SchedulerKey.self] = parts.scheduler
    services[WebFetcherKey.self] = parts.fetcher
    services[WebSenderKey.self] = parts.sender
    services[NodeNameKey.self] = node.description
    services[PushBookKey.self] = parts.pushes
    services[StageMetricsKey.self] = parts.metrics
    let number = (parts.store as? any SharedFeed)?.nodeNumber ?? 0
    services[MessageIDsKey.self] = MessageIDGenerator(
      node: number, above: parts.store.highestMessageID, clock: clock)
    services[NameBookKey.self] = parts.names
    services[RevocationListKey.self] = parts.revocations
    services[AudienceKey.self] = parts.live.audience
    self.services = services
  }

  /// Starts what a plan declares; the stages of `last` that are to be as they are, it keeps.
  ///
  /// - Throws: what keeps a stage from working; what was started for this chain has been ended then.
  func chain(_ daemon: DaemonConfiguration, _ plan: ChainPlan, following last: Chain?, revision: Int)
    async throws -> Chain
  {
    // Known only when all stages have started, and asked for only when the chain is in force.
    let pushServices = Setting<[any PushTrials]>([])
    let own = try ownStages(daemon, plan, pushServices)
    let stages = try await plan.start(services, logger, clock, following: last?.stages ?? [])
    pushServices.value = stages.compactMap { $0.instance.stage as? any PushTrials }
    return Chain(stages + own, revision: revision)
  }

  private func ownStages(
    _ daemon: DaemonConfiguration, _ plan: ChainPlan, _ pushServices: Setting<[any PushTrials]>
  ) throws -> [ChainStage] {
    let keepsPresence = plan.configuration(of: Presence.self) != nil
    var own: [ChainStage] = []
    // Other nodes have to be told where users have their devices, also where no stage keeps presence.
    if parts.state is any NodeBus, !keepsPresence {
      let context = StageContext(name: "placement", services: services, logger: logger, clock: clock)
      own.append(ChainStage(try Presence(silently: context), name: "placement"))
    }
    let questions = Questions(
      store: parts.store, state: keepsPresence ? parts.state : nil, audience: plan.audience, clock: clock,
      // A few may be asked for at once.
      syncBytes: daemon.gatewaySettings.outboundBuffer / 4)
    let commands = Commands(
      store: parts.store, router: parts.router, sessions: parts.sessions, names: parts.names,
      revocations: parts.revocations, clock: clock, pushServices: pushServices, tellNodes: tellNodes)
    own.append(
      ChainStage(
        Greet(
          node: node.description, maxFrame: daemon.gatewaySettings.maxFrame, store: parts.store,
          clock: clock, scheduler: parts.scheduler)))
    own.append(
      ChainStage(Read(questions: questions, commands: commands, backendScope: daemon.backendScope)))
    own.append(ChainStage(Pong(store: parts.store, clock: clock)))
    return own
  }
}

extension ChainPlan {
  /// Who may write to whom, as the stage that stores messages is set.
  var audience: Audience { configuration(of: Persist.self)?.whoMayMessage ?? .anyone }
}

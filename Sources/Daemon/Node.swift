import Glibc
import Logging
import NIOCore
import NIOPosix
import Pipeline
import Services
import Stages
import Synchronization

/// One running daemon: what is wired to what, and in which order it comes up and goes down.
final class Node: Sendable {
  private let group: MultiThreadedEventLoopGroup
  private let loops: [LoopGateway]
  private let shared: GatewayShared
  private let chain: Chain
  private let certificates: Certificates?
  private let store: any Store
  private let state: any SharedState
  private let follower: FeedFollower?
  private let clients: any Channel
  private let admin: any Channel
  private let drain: Duration
  private let logger: Logger

  /// The address that clients are taken at.
  var address: String {
    guard let address = clients.localAddress else { return "?" }
    guard let host = address.ipAddress, let port = address.port else {
      return "unix:\(address.pathname ?? "?")"
    }
    return ListenAddress.tcp(host: host, port: port).description
  }

  /// Opens the store, starts the stages, then listens.
  ///
  /// - Throws: what keeps it from running; what was started has been ended then, or ends with the process.
  init(
    _ configuration: DaemonConfiguration, _ plan: ChainPlan, fetcher: any WebFetcher, logger: Logger
  ) async throws {
    self.logger = logger
    drain = configuration.drain
    let clock = EngineClock.system
    certificates = try configuration.server?.tls.map { try Certificates($0) }
    // Opening blocks, which no thread that runs tasks may.
    let store = try await NIOThreadPool.singleton.runIfActive {
      try Backends.store(configuration, logger: logger, clock: clock)
    }
    self.store = store
    group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
    let node = NodeID.random()
    let shared = GatewayShared(
      settings: configuration.gatewaySettings, firstConnection: node.rawValue << 20,
      horizon: store.horizon)
    self.shared = shared
    let state = try await Backends.state(
      configuration, group: group, node: node, logger: logger, clock: clock)
    self.state = state

    let scheduler = LoopScheduler(eventLoop: group.next())
    let (names, revocations) = (NameBook(), RevocationList(try await Self.revocations(in: store)))
    let follower = (store as? any SharedFeed).map {
      FeedFollower(feed: $0, hub: shared.hub, scheduler: scheduler, clock: clock, logger: logger)
    }
    self.follower = follower
    let bus = state as? any NodeBus
    var cluster: ClusterRouter?
    if bus != nil || follower != nil {
      cluster = ClusterRouter(
        hub: shared.hub, bus: bus, follower: follower, names: names, revocations: revocations, clock: clock,
        scheduler: scheduler, logger: logger
      ) {
        store.revocations { if case .success(let all) = $0 { for one in all { revocations.add(one) } } }
      }
    }
    if let cluster {
      bus?.listen(cluster)
      (store as? any SharedFeed)?.watchUnknown { cluster.ownMayBeMissing() }
    }
    let router: any Router = cluster ?? shared.hub
    let sessions: any Sessions = cluster ?? shared.hub
    let liveness: any Liveness = cluster ?? shared.hub

    var services = ServiceSet()
    services[StoreKey.self] = store
    services[SharedStateKey.self] = state
    services[RouterKey.self] = router
    services[LivenessKey.self] = liveness
    services[SessionsKey.self] = sessions
    services[DeviceLimitKey.self] = shared.settings.maxConnectionsPerUser
    services[SchedulerKey.self] = scheduler
    services[WebFetcherKey.self] = fetcher
    let number = (store as? any SharedFeed)?.nodeNumber ?? 0
    services[MessageIDsKey.self] = MessageIDGenerator(
      node: number, above: store.highestMessageID, clock: clock)
    let audience = plan.configuration(of: Persist.self)?.whoMayMessage ?? .anyone
    services[NameBookKey.self] = names
    services[RevocationListKey.self] = revocations
    services[AudienceKey.self] = audience
    let greet = Greet(
      node: node.description, maxFrame: shared.settings.maxFrame, store: store, clock: clock,
      scheduler: scheduler)
    var placement: [ChainStage] = []
    if bus != nil, plan.configuration(of: Presence.self) == nil {
      let context = StageContext(name: "placement", services: services, logger: logger, clock: clock)
      placement.append(ChainStage(try Presence(silently: context)))
    }
    let own =
      placement + [
        ChainStage(greet),
        ChainStage(
          Read(
            questions: Questions(
              store: store, state: plan.configuration(of: Presence.self) == nil ? nil : state,
              audience: audience, clock: clock),
            commands: Commands(
              store: store, router: router, sessions: sessions, names: names, revocations: revocations,
              clock: clock, tellNodes: { [cluster] user, name in cluster?.renamed(user, name) }),
            backendScope: configuration.backendScope)),
        ChainStage(Pong(store: store, clock: clock)),
      ]
    if plan.configuration(of: Fcm.self) == nil {
      logger.info("push is not configured: whoever is offline hears of messages when they connect")
    }
    let started = try await plan.start(services, logger, clock)
    let chain = Chain(started + own)
    self.chain = chain
    let observer = LoggingObserver(logger: logger)
    loops = group.makeIterator().map { loop in
      LoopGateway(eventLoop: loop, shared: shared, chain: chain, observer: observer, clock: clock)
    }
    for loop in loops { loop.start() }
    follower?.start()
    // What is past its retention goes with the next commit; on an idle server that is this one.
    group.next().scheduleRepeatedTask(initialDelay: .minutes(1), delay: .minutes(1)) { _ in
      store.write([]) { _ in }
    }
    let overview = Overview(
      loops: loops, shared: shared, plan: plan, store: store, state: state, follower: follower)
    let (group, loops) = (group, loops)
    clients = try await Self.listening(at: configuration.listen) { [certificates] in
      try await Listener.clients(
        at: configuration.listen, group: group, loops: loops, certificates: certificates)
    }
    // Last, since it says that clients may come.
    admin = try await Self.listening(at: configuration.admin) {
      try await Listener.admin(at: configuration.admin, group: group, overview: overview)
    }
  }

  /// Reads again what may have changed without the configuration: certificates.
  func reload() { certificates?.reload(logger) }

  private static func revocations(in store: any Store) async throws -> [Revocation] {
    try await withCheckedContinuation { continuation in
      store.revocations { continuation.resume(returning: $0) }
    }.get()
  }

  private static func listening(at address: ListenAddress, _ bind: () async throws -> any Channel)
    async throws
    -> any Channel
  {
    do { return try await bind() } catch {
      throw StageStartError("can't listen at \(address): \(error)")
    }
  }

  /// Ends: takes nothing new, finishes what is under way, tells clients to come back, spread over the drain window.
  func shutDown() async {
    shared.isDraining.store(true, ordering: .relaxed)
    try? await clients.close()
    await sayGoodbye()
    await untilIdle()
    await chain.shutDown()
    follower?.end()
    await state.close()
    await store.close()
    try? await admin.close()
    try? await group.shutdownGracefully()
  }

  /// Closes the connections evenly over half the window, so that they do not all come back at once.
  private func sayGoodbye() async {
    let window = drain / 2
    await withTaskGroup { tasks in
      for loop in loops {
        tasks.addTask { try? await loop.eventLoop.flatSubmit { loop.sayGoodbye(within: window) }.get() }
      }
    }
  }

  /// Waits until no event is under way and no client is connected, but no longer than the rest of the window.
  private func untilIdle() async {
    let deadline = ContinuousClock.now + drain / 2
    while ContinuousClock.now < deadline {
      var busy = 0
      for loop in loops { busy += (try? await loop.eventLoop.submit { loop.load }.get()) ?? 0 }
      if busy == 0 { return }
      try? await Task.sleep(for: .milliseconds(10))
    }
    logger.warning("the drain window is over; what is still open is cut off")
  }
}

/// A scheduler on an event loop.
private struct LoopScheduler: Scheduler {
  let eventLoop: any EventLoop

  func after(_ delay: Duration, _ work: @escaping @Sendable () -> Void) {
    eventLoop.scheduleTask(in: .nanoseconds(delay.wholeNanoseconds), work)
  }
}

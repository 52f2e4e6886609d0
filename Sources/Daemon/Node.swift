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
  private let live: LiveSettings
  private let generations: Generations
  private let reloader: Reloader
  private let store: any Store
  private let state: any SharedState
  private let follower: FeedFollower?
  private let clients: [any Channel]
  private let admin: [any Channel]
  private let control: (any Channel)?
  private let taps: TapHub
  private let logger: Logger

  /// The addresses that clients are taken at.
  var address: String {
    clients.map { channel in
      guard let address = channel.localAddress else { return "?" }
      guard let host = address.ipAddress, let port = address.port else {
        return "unix:\(address.pathname ?? "?")"
      }
      return ListenAddress.tcp(host: host, port: port).description
    }.joined(separator: ", ")
  }

  /// How long the end may take.
  var drain: Duration { live.drain }

  /// Opens the store, starts the stages, then listens.
  ///
  /// - Parameters:
  ///   - sockets: Those that systemd has opened for this process.
  ///   - load: Reads the configuration anew, at a reload.
  ///   - logLevel: The level that `logger` goes by.
  ///   - watcher: Told `nil` where a reload begins, and the verdict where it has ended.
  /// - Throws: what keeps it from running; what was started has been ended then, or ends with the process.
  init(
    _ content: LoadedConfiguration.Content, sockets: PassedSockets, load: @escaping Reloader.Load,
    fetcher: any WebFetcher, sender: any WebSender, logger: Logger, logLevel: LogLevel,
    watcher: @escaping @Sendable (ReloadVerdict?) -> Void
  ) async throws {
    self.logger = logger
    let configuration = content.daemon
    let clock = EngineClock.system
    let live = try LiveSettings(content, logLevel)
    self.live = live
    // Opening blocks, which no thread that runs tasks may.
    let store = try await NIOThreadPool.singleton.runIfActive {
      try Backends.store(configuration, logger: logger, clock: clock)
    }
    self.store = store
    let group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
    self.group = group
    let node = NodeID.random()
    let shared = GatewayShared(firstConnection: node.rawValue << 20, horizon: store.horizon)
    self.shared = shared
    let state = try await Backends.state(
      configuration, group: group, node: node, logger: logger, clock: clock)
    self.state = state

    let scheduler = LoopScheduler(eventLoop: group.next())
    let (names, revocations) = (NameBook(), RevocationList(try await Self.revocations(in: store)))
    let routing = NodeRouting(
      hub: shared.hub, store: store, state: state, names: names, revocations: revocations,
      scheduler: scheduler, clock: clock, logger: logger)
    follower = routing.follower

    let (pushes, metrics) = (PushBook(), StageMetrics())
    let assembly = ChainAssembly(
      ChainAssembly.Parts(
        store: store, state: state, lease: configuration.lease, router: routing.router,
        sessions: routing.sessions,
        liveness: routing.liveness, live: live, scheduler: scheduler, fetcher: fetcher, sender: sender,
        pushes: pushes, metrics: metrics, names: names, revocations: revocations),
      node: node, clock: clock, logger: logger
    ) { routing.cluster?.renamed($0, $1) }
    if content.plan.configuration(of: Fcm.self) == nil, content.plan.configuration(of: Webhook.self) == nil {
      logger.info("push is not configured: whoever is offline hears of messages when they connect")
    }
    let chain = try await assembly.chain(configuration, content.plan, following: nil, revision: 1)
    let letters = DeadLetterBox(store: store, node: node, clock: clock, logger: logger)
    let observer = LoggingObserver(logger: logger, letters: letters)
    let settings = configuration.gatewaySettings
    let loops = group.makeIterator().map { loop in
      LoopGateway(
        eventLoop: loop, shared: shared, settings: settings, chain: chain, observer: observer, clock: clock)
    }
    self.loops = loops
    let generations = Generations(chain, loops: loops, scheduler: scheduler, logger: logger)
    self.generations = generations
    for stage in chain.stages { stage.instance.stage.activate() }
    for loop in loops { loop.start() }
    routing.follower?.start()
    // What is past its retention goes with the next commit; on an idle server that is this one.
    group.next().scheduleRepeatedTask(initialDelay: .minutes(1), delay: .minutes(1)) { _ in
      store.write([]) { _ in }
    }
    let history = ReloadHistory()
    let reloader = Reloader(
      content, load: load, assembly: assembly, generations: generations, live: live, clock: clock,
      logger: logger
    ) { verdict in
      history.note(verdict)
      watcher(verdict)
    }
    self.reloader = reloader
    let overview = Overview(
      loops: loops, shared: shared, live: live, letters: letters, generations: generations, history: history,
      pushes: pushes, metrics: metrics, store: store, state: state, follower: routing.follower)
    let taps = TapHub(loops: loops, clock: clock)
    self.taps = taps
    control = try await Self.control(
      configuration, group,
      ControlDesk(
        reloader: reloader, overview: overview, taps: taps, letters: letters,
        loop: loops[0], shared: shared, generations: generations), logger)
    clients = try await Self.listening(at: "\(configuration.listen)") {
      try await Listener.clients(
        at: configuration.listen, sockets.clients, group: group, loops: loops, certificates: live.certificates
      )
    }
    // Last, since it says that clients may come.
    admin = try await Self.listening(at: "\(configuration.admin)") {
      try await Listener.admin(at: configuration.admin, sockets.admin, group: group, overview: overview)
    }
  }

  /// Has the daemon watch whether its loops live, from now on.
  func watch(every period: Duration, alive: @escaping @Sendable (_ connections: Int) -> Void) {
    Pulse(loops, alive: { [shared] in alive(shared.openSockets.load(ordering: .relaxed)) }).start(
      every: period)
  }

  /// Reads the configuration again and puts it in force, or says why not.
  @discardableResult
  func reload() async -> ReloadVerdict { await reloader.reload() }

  private static func revocations(in store: any Store) async throws -> [Revocation] {
    try await withCheckedContinuation { continuation in
      store.revocations { continuation.resume(returning: $0) }
    }.get()
  }

  /// Without a control socket the daemon runs all the same, unless its file names one.
  private static func control(
    _ configuration: DaemonConfiguration, _ group: any EventLoopGroup, _ desk: ControlDesk, _ logger: Logger
  ) async throws -> (any Channel)? {
    let path = configuration.controlPath
    do {
      return try await listening(at: "\(path)") {
        try await Listener.control(at: path, group: group, desk: desk)
      }
    } catch {
      guard configuration.control == nil else { throw error }
      logger.warning(
        "there is no control socket; `sluice reload`, `top` and `tap` need one: set 'control'",
        metadata: ["reason": "\(error)"])
      return nil
    }
  }

  private static func listening<Listening>(
    at address: String, _ bind: () async throws -> Listening
  ) async throws -> Listening {
    do { return try await bind() } catch let error as CommandError {
      throw StageStartError("can't listen at \(address): \(error.message)")
    } catch {
      throw StageStartError("can't listen at \(address): \(error)")
    }
  }

  /// Ends: says so ahead, then takes nothing new, finishes what is under way, tells clients to come back, spread over the drain window.
  func shutDown() async {
    await reloader.end()
    await announceEnd()
    shared.isDraining.store(true, ordering: .relaxed)
    for listener in clients { try? await listener.close() }
    await sayGoodbye()
    await untilIdle()
    taps.end()
    try? await control?.close()
    await generations.shutDown()
    follower?.end()
    await state.close()
    await store.close()
    for listener in admin { try? await listener.close() }
    try? await group.shutdownGracefully()
  }

  /// Says that the daemon is to end, and serves on until whoever balances between nodes has had the time to see it.
  private func announceEnd() async {
    shared.isLeaving.store(true, ordering: .relaxed)
    let lead = live.drainLead
    guard lead > .zero else { return }
    logger.notice("leaving; clients are still taken", metadata: ["for": "\(lead)"])
    try? await Task.sleep(for: lead)
  }

  /// Closes the connections evenly over half the window, so that they do not all come back at once.
  private func sayGoodbye() async {
    let window = live.drainWindow / 2
    await withTaskGroup { tasks in
      for loop in loops {
        tasks.addTask { try? await loop.eventLoop.flatSubmit { loop.sayGoodbye(within: window) }.get() }
      }
    }
  }

  /// Waits until no event is under way and no client is connected, but no longer than the rest of the window.
  private func untilIdle() async {
    let deadline = ContinuousClock.now + live.drainWindow / 2
    while ContinuousClock.now < deadline {
      var busy = 0
      for loop in loops { busy += (try? await loop.eventLoop.submit { loop.load }.get()) ?? 0 }
      if busy == 0 { return }
      try? await Task.sleep(for: .milliseconds(10))
    }
    logger.warning("the drain window is over; what is still open is cut off")
  }
}

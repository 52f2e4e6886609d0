import Logging
import MemoryState
import NIOPosix
import Pipeline
import SQLiteStore
import Services

/// The chain of a configuration as one test has it: started anew on an empty store and an empty state, with a clock that
/// stands still and nobody around it. Used by one task.
final class TestedChain {
  let loop: VirtualLoop
  let router: RecordingRouter
  let engine: Engine
  private let chain: Chain
  private let store: any Store
  private let state: MemoryState
  private let folder: TemporaryFolder

  /// How long an event that no stage answers is waited for before the clock goes on with real time, so that the stage's
  /// own time runs out.
  private static let patience = Duration.seconds(1)
  /// How long one is waited for at all.
  private static let limit = Duration.seconds(60)
  /// How long deliveries are waited for that are expected and have not come.
  private static let deliveryPatience = Duration.seconds(1)

  /// - Throws: what keeps the chain from working.
  init(_ content: LoadedConfiguration.Content, beginning: Timestamp) async throws {
    let logger = Logger(label: "sluice-test") { _ in SwiftLogNoOpLogHandler() }
    let folder = try TemporaryFolder()
    let loop = VirtualLoop(beginning: beginning)
    let (clock, node) = (loop.clock, NodeID(rawValue: 1))
    // Opening blocks, which no thread that runs tasks may.
    let store = try await NIOThreadPool.singleton.runIfActive {
      try SQLiteStore(
        path: "\(folder.path)/store.db", options: content.daemon.sqliteOptions, logger: logger, clock: clock)
    }
    let state = MemoryState(clock: clock)
    let router = RecordingRouter(loop: loop)
    (self.folder, self.loop, self.store, self.state, self.router) = (folder, loop, store, state, router)
    let assembly = ChainAssembly(
      ChainAssembly.Parts(
        store: store, state: state, lease: content.daemon.lease, router: router, sessions: router,
        liveness: router,
        live: try LiveSettings(content, LogLevel()), scheduler: loop, fetcher: NoWeb(), sender: NoWeb(),
        pushes: PushBook(), metrics: StageMetrics(), names: NameBook(), revocations: RevocationList()),
      node: node, clock: clock, logger: logger
    ) { _, _ in }
    do {
      chain = try await assembly.chain(content.daemon, content.plan, following: nil, revision: 1)
    } catch {
      await store.close()
      throw error
    }
    let letters = DeadLetterBox(store: store, node: node, clock: clock, logger: logger)
    let recorder = TraceRecorder(observer: LoggingObserver(logger: logger, letters: letters))
    engine = Engine(chain: chain, executor: loop, observer: recorder, clock: clock)
    engine.tap = recorder
    for stage in chain.stages { stage.instance.stage.activate() }
  }

  /// Takes an event through the chain, as far as it goes.
  ///
  /// - Returns: `false` where it has not ended in time.
  func send(_ event: Event) async -> Bool {
    let engine = engine
    loop.drive {
      engine.submit(event)
      engine.turn()
    }
    let start = ContinuousClock.now
    var last = start + Self.patience
    while loop.drive({ engine.eventsInFlight }) > 0 {
      await loop.idle(atMost: .milliseconds(50))
      loop.drive {}
      let now = ContinuousClock.now
      if now > start + Self.limit { return false }
      guard now > last else { continue }
      await loop.advance(by: now - last)
      last = now
    }
    return true
  }

  /// Lets time pass.
  func pass(_ time: Duration) async { await loop.advance(by: time) { await settle() } }

  /// Waits for what events have set off and do not wait for themselves, as far as it goes by way of the store.
  func settle() async {
    var count = -1
    while count != router.count {
      count = router.count
      // Both threads take what they are given in order, and what they call back with may ask again.
      for _ in 0..<2 {
        await withCheckedContinuation { continuation in store.write([]) { _ in continuation.resume() } }
        await withCheckedContinuation { continuation in store.ready { _ in continuation.resume() } }
        loop.drive {}
      }
    }
  }

  /// Waits until so many events have been delivered to a user, but not for long.
  func awaitDeliveries(_ count: Int, to user: String) async {
    let deadline = ContinuousClock.now + Self.deliveryPatience
    while router.all.count(where: { $0.user == user }) < count, ContinuousClock.now < deadline {
      await loop.idle(atMost: .milliseconds(20))
      loop.drive {}
    }
  }

  /// Ends the stages and what stands behind them.
  func shutDown() async {
    await chain.shutDown()
    await state.close()
    await store.close()
  }
}

import Foundation
import Logging
import MemoryState
import Pipeline
import PipelineTestKit
import SQLiteStore
import Services
import Synchronization

/// What stages stand on in tests: the embedded store in a file of its own, the state in memory, a router and a
/// scheduler that write down what they are asked for, and a clock that the test moves.
final class StageFixture: Sendable {
  private let folder: URL
  let clock = ManualClock()
  let state: MemoryState
  let store: SQLiteStore
  let router = RecordingRouter()
  let liveness = ManualLiveness()
  let scheduler = ManualScheduler()

  init() throws {
    state = MemoryState(clock: clock.clock)
    folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
    store = try SQLiteStore(
      path: folder.appending(path: "store.db").path,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: clock.clock)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// What a stage of this type is started with.
  func context(
    for type: any Stage.Type, name: String? = nil, predecessor: (any Stage)? = nil, book: PushBook? = nil,
    web: (any WebSender)? = nil
  ) -> StageContext {
    var services = ServiceSet()
    services[StoreKey.self] = store
    services[SharedStateKey.self] = state
    services[RouterKey.self] = router
    services[LivenessKey.self] = liveness
    services[SchedulerKey.self] = scheduler
    services[PushBookKey.self] = book
    services[WebSenderKey.self] = web
    services[MessageIDsKey.self] = MessageIDGenerator(clock: clock.clock)
    let context = TestChain.context(for: type, services: services, clock: clock.clock)
    return StageContext(
      name: name ?? type.name, services: services, logger: context.logger, clock: clock.clock,
      predecessor: predecessor)
  }

  /// A stage in force, as a file would declare it.
  func stage<Kind: Stage>(_ type: Kind.Type, _ configuration: Kind.Configuration) async throws -> ChainStage {
    ChainStage(
      try await Kind(configuration, context(for: type)), requirements: Kind.requirements(configuration))
  }
}

/// Takes whatever comes to it, as a chain's last stage.
struct Accepting: EventStage {
  static let name = "accepting"
  init() {}
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ event: inout Event) -> Verdict { .stop }
}

/// A router that writes down what it is to deliver.
final class RecordingRouter: Router {
  private let made = Mutex<[Delivery]>([])
  private let online = Mutex<Set<String>>([])
  private let waiters = Mutex<[CheckedContinuation<Void, Never>]>([])

  func deliver(_ deliveries: [Delivery]) {
    made.withLock { $0 += deliveries }
    let waiting = waiters.withLock { waiters in
      defer { waiters = [] }
      return waiters
    }
    for waiter in waiting { waiter.resume() }
  }

  func connected(among users: [String]) -> [String] {
    online.withLock { online in users.filter { online.contains($0) } }
  }

  /// Has a user count as connected.
  func connect(_ user: String) { online.withLock { _ = $0.insert(user) } }

  /// What has been delivered so far: to whom, and what type of event.
  var deliveries: [Delivery] { made.withLock { $0 } }

  /// The next deliveries, waited for.
  func nextDeliveries() async -> [Delivery] {
    await withCheckedContinuation { continuation in
      let isThere = made.withLock { made in
        if made.isEmpty { waiters.withLock { $0.append(continuation) } }
        return !made.isEmpty
      }
      if isThere { continuation.resume() }
    }
    return made.withLock { made in
      defer { made = [] }
      return made
    }
  }
}

/// Users who give a sign of life when the test says so.
final class ManualLiveness: Liveness {
  private let moments = Mutex<[String: UInt64]>([:])
  private let asked = Mutex<[Set<String>]>([])
  private let online = Mutex<Set<String>>([])
  private let beyondReach = Mutex<Set<String>>([])

  func connected(among users: Set<String>, then: @escaping @Sendable (Set<String>) -> Void) {
    then(online.withLock { users.intersection($0) })
  }

  /// Has a user count as connected, and as one who can be asked or not.
  func connect(_ user: String, isReachable: Bool = true) {
    online.withLock { _ = $0.insert(user) }
    beyondReach.withLock { if isReachable { $0.remove(user) } else { $0.insert(user) } }
  }

  func heard(among users: Set<String>, since moment: UInt64) -> Set<String> {
    moments.withLock { moments in users.filter { (moments[$0] ?? 0) > moment } }
  }

  func probe(
    _ users: Set<String>, since moment: UInt64, within patience: Duration,
    unreachable: @escaping @Sendable (Set<String>) -> Void
  ) {
    asked.withLock { $0.append(users) }
    let missed = beyondReach.withLock { users.intersection($0) }
    if !missed.isEmpty { unreachable(missed) }
  }

  /// Has a user be heard at a moment of the monotonic clock.
  func hear(_ user: String, at moment: UInt64) { moments.withLock { $0[user] = moment } }

  /// Whom a sign of life was asked of, call by call.
  var probes: [Set<String>] { asked.withLock { $0 } }
}

/// A scheduler whose time the test decides.
final class ManualScheduler: Scheduler {
  private let calls = Mutex<[(delay: Duration, work: @Sendable () -> Void)]>([])

  func after(_ delay: Duration, _ work: @escaping @Sendable () -> Void) {
    calls.withLock { $0.append((delay, work)) }
  }

  /// Makes all calls that were asked for; returns their delays.
  @discardableResult
  func runAll() -> [Duration] {
    let due = takeAll()
    for call in due { call.work() }
    return due.map(\.delay)
  }

  /// Takes the calls that were asked for, without making them.
  func takeAll() -> [(delay: Duration, work: @Sendable () -> Void)] {
    calls.withLock { calls in
      defer { calls = [] }
      return calls
    }
  }
}

extension Reply {
  /// A text in the answer's data.
  func text(_ key: String) -> String? { (try? EventData(json: Array(event.data)))?.string(key) }
  /// A truth value in the answer's data.
  func bool(_ key: String) -> Bool? { (try? EventData(json: Array(event.data)))?.bool(key) }
}

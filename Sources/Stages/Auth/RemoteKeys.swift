import Logging
import Pipeline
import Services
import Synchronization

/// Keys that are fetched as a set in JSON (RFC 7517) and kept fresh.
///
/// It is fetched again after a while, sooner where its `Cache-Control` says so, and when a token names an unknown key,
/// but then not more often than ``leastPause`` apart, so that forged names cost the other server nothing. What fails is tried again
/// with growing pauses, and the keys stay as they were: whoever can make the other server lie or hang cuts nobody off.
final class RemoteKeys: KeySource {
  /// The least time between two fetches that tokens cause.
  static let leastPause = Duration.seconds(10)
  /// The least that a server's `Cache-Control` can bring the time between two fetches down to.
  static let leastLifetime = Duration.seconds(60)
  /// The first and the longest pause after failures.
  static let backoff = (first: Duration.seconds(1), most: Duration.seconds(60))
  /// How long a fetch may take: less than a stage has for an event.
  static let timeout = Duration.seconds(4)

  private struct State {
    var keys = KeySet.none
    var hasKeys = false
    /// The fetch under way.
    var fetch: Task<Void, Never>?
    /// When the last fetch began, on the monotonic clock.
    var lastStart: UInt64?
    var failures = 0
    /// Told from older plans to fetch, which come to nothing then.
    var plan = 0
    var isEnded = false
  }

  private let address: String
  private let lifetime: Duration
  private let fetcher: any WebFetcher
  private let scheduler: any Scheduler
  private let clock: EngineClock
  private let logger: Logger
  private let state = Mutex(State())
  /// Keys that stay the same where they are in the first set.
  private let older: KeySet

  /// - Parameters:
  ///   - lifetime: How long a set is kept at most.
  ///   - older: Keys that stay the same where they are among those fetched.
  init(
    _ address: String, keptFor lifetime: Duration, _ fetcher: any WebFetcher, _ scheduler: any Scheduler,
    _ clock: EngineClock, _ logger: Logger, inheriting older: KeySet = .none
  ) {
    self.older = older
    self.address = address
    self.lifetime = lifetime
    self.fetcher = fetcher
    self.scheduler = scheduler
    self.clock = clock
    self.logger = logger
  }

  var keys: KeySet { state.withLock(\.keys) }

  var isWaiting: Bool { state.withLock { !$0.hasKeys } }

  func refresh() async {
    let pause = UInt64(Self.leastPause.wholeNanoseconds)
    await fetch { [clock] state in
      guard let lastStart = state.lastStart, state.failures == 0 else { return state.lastStart == nil }
      return clock.monotonic() >= lastStart + pause
    }
  }

  /// Fetches now: at the start, when it is time, and when the operator asks for it.
  func fetch() async { await fetch { _ in true } }

  func end() {
    let fetch = state.withLock { state in
      state.isEnded = true
      state.plan += 1
      return state.fetch
    }
    fetch?.cancel()
  }

  /// Waits for the fetch under way, or for a new one where the condition allows one.
  private func fetch(where mayBegin: (State) -> Bool) async {
    let fetch = state.withLock { state -> Task<Void, Never>? in
      if let fetch = state.fetch { return fetch }
      guard !state.isEnded, mayBegin(state) else { return nil }
      state.lastStart = clock.monotonic()
      state.fetch = Task { [self] in await fetchOnce() }
      return state.fetch
    }
    await fetch?.value
  }

  private func fetchOnce() async {
    do {
      let response = try await fetcher.get(address, limit: KeySet.mostBytes, timeout: Self.timeout)
      guard response.status == 200 else { throw WebFault("the answer has status \(response.status)") }
      let set = try KeySet(parsing: response.body)
      take(set, for: Self.lifetime(response.cacheControl, atMost: lifetime))
    } catch {
      fail(error)
    }
  }

  private func take(_ set: KeySet, for lifetime: Duration) {
    let removed = state.withLock { state -> [KeySet.Member] in
      let isFirst = !state.hasKeys
      let (keys, removed) = set.replacing(isFirst ? older : state.keys)
      state.keys = keys
      state.hasKeys = true
      state.fetch = nil
      state.failures = 0
      // What the older keys have confirmed is another's to take back.
      return isFirst ? [] : removed
    }
    let now = clock.wall()
    for member in removed { member.credential.withdraw(at: now) }
    logger.info(
      "fetched keys",
      metadata: [
        "keys": "\(set.members.count)", "removed": "\(removed.count)",
        "again": "\(lifetime.components.seconds)s",
      ])
    plan(after: lifetime)
  }

  private func fail(_ error: any Error) {
    let (failures, isEnded) = state.withLock { state in
      state.fetch = nil
      state.failures += 1
      return (state.failures, state.isEnded)
    }
    guard !isEnded else { return }
    let pause = min(Self.backoff.first * Double(1 << min(failures - 1, 10)), Self.backoff.most)
    logger.warning(
      "can't fetch keys; those there are stay in force",
      metadata: ["address": "\(address)", "error": "\(error)", "failures": "\(failures)"])
    // Several nodes must not come back in step.
    plan(after: pause * Double.random(in: 0.5...1))
  }

  private func plan(after pause: Duration) {
    let plan = state.withLock { state in
      state.plan += 1
      return state.plan
    }
    scheduler.after(pause) { [self] in
      guard state.withLock({ $0.plan == plan }) else { return }
      Task { await fetch() }
    }
  }

  /// How long a set is kept, given its server's `max-age` (RFC 9111 section 5.2.2.1).
  static func lifetime(_ cacheControl: String?, atMost most: Duration) -> Duration {
    for directive in cacheControl?.lowercased().split(separator: ",") ?? [] {
      let parts = directive.split(separator: "=", maxSplits: 1).map { $0.filter { $0 != " " && $0 != "\"" } }
      guard parts.count == 2, parts[0] == "max-age", let seconds = UInt32(parts[1]) else { continue }
      return min(max(.seconds(Int64(seconds)), leastLifetime), most)
    }
    return most
  }
}

import Logging
import Pipeline
import Services
import Stages
import Synchronization

/// Sees to it that the clients of this node get what other nodes have stored, whatever became of the frame that told of it.
///
/// About once a second it reads what was added to the feed and hands over what nobody has handed over yet, which the
/// horizon knows. So no message depends on Redis, on the life of the node that took it, or on any frame's arrival; they
/// only make it faster.
final class FeedFollower: Sendable {
  /// The time between two steps, and while something is missing.
  private static let interval = Duration.seconds(1)
  private static let hurry = Duration.milliseconds(50)
  private static let pageSize = 1000
  /// How much is handed over at a time.
  private static let partSize = 256
  /// How many changes are put in order at most; of more, the order of each part holds.
  private static let foundLimit = 100_000
  /// How long it is known what was handed over: a message that is changed again and again is met that late.
  private static let memory: UInt64 = 10_000_000_000

  private let feed: any SharedFeed
  private let hub: Hub
  private let scheduler: any Scheduler
  private let clock: EngineClock
  private let logger: Logger
  private struct State {
    var follower: FollowerState
    var isReading = false
    var isEnded = false
    /// Whether the feed is read again and again until nothing is missing.
    var isHurrying = false
    /// How far the feed was complete at moments of the last seconds, oldest first.
    var past: [(at: UInt64, position: Position)] = []
    var handedOver: UInt64 = 0
  }
  /// A step that is being read, page by page.
  private struct Reading {
    let step: FollowerState.Step
    /// How many latecomers there were when it began.
    let latecomers: UInt64
    /// What nobody here has told of.
    var found: [FeedPage.Entry] = []
    var first: FeedPage?
    /// What was found behind this place waits for the store's answer about a message of this node's own.
    var settled = Position.max
  }
  private let state: Mutex<State>
  /// Held while it is found out what nobody has handed over, and that is handed over: whoever comes next finds all that
  /// was claimed before on its way.
  private let handing = Mutex(())

  init(
    feed: any SharedFeed, hub: Hub, scheduler: any Scheduler, clock: EngineClock, logger: Logger
  ) {
    self.feed = feed
    self.hub = hub
    self.scheduler = scheduler
    self.clock = clock
    self.logger = logger
    state = Mutex(State(follower: FollowerState(at: feed.horizon.position)))
  }

  /// How many changes were found in the feed that nobody had told of.
  var handedOver: UInt64 { state.withLock { $0.handedOver } }

  /// Begins to follow.
  func start() { later() }

  func end() { state.withLock { $0.isEnded = true } }

  /// Takes deliveries from another node; they are handed over now, or behind what is missing.
  func take(_ deliveries: [Delivery]) {
    let now = clock.monotonic()
    let ready = state.withLock { $0.follower.take(deliveries, at: now) }
    if !ready.isEmpty { handOver(ready) }
  }

  /// Notes that something may be missing, and goes to look.
  func somethingIsMissing() { look { $0.missing(at: $1) } }

  /// Notes that what was missing, since ``somethingWillBeMissing()``, comes by itself again.
  func nothingIsMissingAnyMore() { look { $0.resumed(at: $1) } }

  /// Notes that something may be missing from now on, until ``nothingIsMissingAnyMore()``.
  func somethingWillBeMissing() { look { $0.interrupted(at: $1) } }

  /// Notes that it is not known whether changes of this node were made.
  func ownMayBeMissing() { look { $0.missingOwn(at: $1) } }

  /// Gives those of this node's own deliveries that may be handed over now; the others go when what is missing is there.
  func takeOwn(_ deliveries: [Delivery]) -> [Delivery] {
    let fresh =
      feed.horizon.hasOvertaken
      ? deliveries.filter { $0.position.map { !feed.horizon.wasOvertaken($0) } ?? true } : deliveries
    return state.withLock { $0.follower.takeOwn(fresh) }
  }

  private func look(_ note: (inout FollowerState, _ now: UInt64) -> Void) {
    let now = clock.monotonic()
    state.withLock { note(&$0.follower, now) }
    read()
    let isFirst = state.withLock { state in
      defer { state.isHurrying = true }
      return !state.isHurrying
    }
    if isFirst { soon() }
  }

  private func later() {
    guard !state.withLock({ $0.isEnded }) else { return }
    scheduler.after(Self.interval) { [self] in
      read()
      later()
    }
  }

  /// Reads before the next step is due, as long as something is missing: what has come by itself waits for it.
  private func soon() {
    scheduler.after(Self.hurry) { [self] in
      let goesOn = state.withLock { state in
        state.isHurrying = state.follower.hasGap && !state.isEnded
        return state.isHurrying
      }
      guard goesOn else { return }
      read()
      soon()
    }
  }

  private func read() {
    let step: FollowerState.Step? = state.withLock { state in
      guard !state.isReading, !state.isEnded else { return nil }
      state.isReading = true
      return state.follower.step
    }
    if let step { read(Reading(step: step, latecomers: hub.latecomers.count), page: 0) }
  }

  /// Reads a step page by page, and hands over what concerns devices of this node when it has all of it: what is new
  /// goes in the order in which it was stored, and a message that was changed is further down the feed.
  ///
  /// How far the feed was complete is what the first page says: what became final later may lie before a page that was
  /// read already.
  private func read(_ reading: Reading, page: Position) {
    let step = reading.step
    let request = FeedRequest(
      after: step.start, upTo: step.end, page: page, limit: Self.pageSize,
      told: feed.horizon.own(after: step.start))
    feed.changes(request) { [self] result in
      switch result {
      case .failure(let error):
        logger.debug("the feed can't be followed now", metadata: ["error": "\(error)"])
        state.withLock { $0.isReading = false }
      case .success(let page):
        var reading = reading
        let first = reading.first ?? page
        reading.first = first
        // Asked before it is asked what was told: what is answered in between counts as told.
        reading.settled = min(reading.settled, feed.horizon.settled(among: page.entries))
        reading.found += feed.horizon.untold(among: page.entries).filter { entry in
          !hub.connected(among: [entry.message.senderID, entry.message.receiverID]).isEmpty
        }
        guard page.hasMore, let last = page.entries.last else { return finish(reading, first) }
        if reading.found.count > Self.foundLimit {
          handOver(reading.found, upTo: min(first.horizon, reading.settled))
          reading.found = []
        }
        read(reading, page: last.message.position)
      }
    }
  }

  private func finish(_ reading: Reading, _ page: FeedPage) {
    let now = clock.monotonic()
    let release = state.withLock { state in
      state.follower.finished(
        reading.step, horizon: min(page.horizon, reading.settled), frontier: page.frontier, at: now)
    }
    handOver(reading.found, release.held, upTo: min(release.limit, reading.settled))
    while true {
      let held = state.withLock { $0.follower.drained() }
      if held.isEmpty { break }
      handOver([], held, upTo: .max)
    }
    let (complete, forgotten) = state.withLock { state in
      state.isReading = false
      let complete = state.follower.complete
      if now >= (state.past.last?.at ?? 0) + 1_000_000_000 { state.past.append((now, complete)) }
      let old = state.past.prefix { $0.at + Self.memory <= now }
      let forgotten = old.last?.position
      state.past.removeFirst(old.count)
      return (complete, forgotten)
    }
    // No cursor may be ahead of what waits for a device.
    handing.withLock { _ in
      hub.latecomers.feedWasRead(
        upTo: complete, frontier: page.frontier, after: reading.latecomers, at: now)
    }
    feed.horizon.complete(to: complete)
    if let forgotten { feed.horizon.forget(upTo: forgotten) }
  }

  /// Hands over what is for devices of this node and was not handed over yet.
  private func handOver(_ deliveries: [Delivery]) {
    handing.withLock { _ in
      let fresh = deliveries.filter { delivery in
        delivery.position.map { feed.horizon.claim($0, for: delivery.userID) } ?? true
      }
      if !fresh.isEmpty { hub.deliver(fresh) }
    }
  }

  /// Hands over what was found in the feed and what was held back, in the order of the feed, a part at a time: whoever
  /// hands something else over meanwhile does not wait for long.
  private func handOver(
    _ found: [FeedPage.Entry], _ held: [FollowerState.Held] = [], upTo limit: Position
  ) {
    let changes = LateChange.inOrder(found, held)
    let claim: FeedEvents.Claim = { [feed, hub] position, users in
      hub.connected(among: users).filter { feed.horizon.claim(position, for: $0) }
    }
    var count: UInt64 = 0
    for start in stride(from: 0, to: changes.count, by: Self.partSize) {
      handing.withLock { _ in
        var deliveries: [Delivery] = []
        for change in changes[start..<min(changes.count, start + Self.partSize)] {
          let own = change.deliveries(upTo: limit, claim)
          deliveries += own
          if change.isFound { count += UInt64(own.count) }
        }
        if !deliveries.isEmpty { hub.catchUp(deliveries) }
      }
    }
    guard count > 0 else { return }
    let total = state.withLock { state in
      state.handedOver += count
      return state.handedOver
    }
    logger.info(
      "told of changes that other nodes had stored",
      metadata: ["deliveries": "\(count)", "total": "\(total)"])
  }
}

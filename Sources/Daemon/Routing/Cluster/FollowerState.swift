import Pipeline
import Services

/// Where a node stands in the feed of a store that others write to as well. Pure: what is to be read and handed over,
/// it says; the follower does it.
///
/// As long as frames from the other nodes come one after the other, the feed is read a step behind, to find what did not
/// come: everything had at least the time between two steps to come by itself. Where a frame is missing, what comes
/// later is held back and the feed is read at once, so that nobody gets a sender's second message before the first.
struct FollowerState {
  /// What is to be read from the feed.
  struct Step: Equatable {
    /// Exclusive.
    var start: Position
    /// Inclusive; `nil` for all that can be seen.
    var end: Position?
    /// How many times something was missing before it: what is noted as missing later, it can't have found.
    var gaps = 0
  }

  /// How long a gap is waited for at most: a transaction that hangs anywhere in the database would hold up everyone.
  static let patience: UInt64 = 5_000_000_000
  /// How many deliveries are held back at most; beyond, they are dropped and read from the feed.
  static let heldLimit = 100_000

  /// A delivery that waits for what is missing.
  struct Held: Sendable {
    var delivery: Delivery
    /// Whether it is of a change of this node's own, of which nobody else tells.
    var isOwn: Bool
  }

  /// What may be handed over now.
  struct Release {
    /// Up to here what was read from the feed may be: nothing is still to come before it.
    var limit: Position
    /// What was held back until now, as far as that goes.
    var held: [Held]
  }

  private struct Gap {
    var since: UInt64
    /// Whether things go on missing: it can't be closed then.
    var isOpen = false
    /// Whether all that was missing is there, and what was held back is being handed over.
    var isClosing = false
    /// Whether what this node has stored itself is held back too: a change of its own is missing.
    var holdsOwn = false
    /// All that may be missing is before this position; `nil` until the feed was read once.
    var frontier: Position?
    var held: [Held] = []
  }

  /// Up to here everything was handed over.
  private(set) var complete: Position
  /// Up to here the feed was complete when it was read last.
  private var horizon: Position
  private var gap: Gap?
  /// How many times something was missing.
  private var gaps = 0

  init(at position: Position) {
    complete = position
    horizon = position
  }

  /// Whether something is missing.
  var hasGap: Bool { gap != nil }

  /// What to read now.
  var step: Step { Step(start: complete, end: gap == nil ? horizon : nil, gaps: gaps) }

  /// Notes that something may be missing of what was made until now.
  mutating func missing(at now: UInt64) {
    var gap = gap ?? Gap(since: now)
    gap.frontier = nil
    gap.isClosing = false
    self.gap = gap
    gaps += 1
  }

  /// Notes that things may be missing from now on.
  mutating func interrupted(at now: UInt64) {
    missing(at: now)
    gap?.isOpen = true
  }

  /// Notes that all comes by itself again from now on.
  mutating func resumed(at now: UInt64) {
    missing(at: now)
    gap?.isOpen = false
    gap?.since = now
  }

  /// Notes that a change of this node's own may be missing: whether it was made is not known.
  mutating func missingOwn(at now: UInt64) {
    missing(at: now)
    gap?.holdsOwn = true
  }

  /// Takes deliveries that have come from other nodes; gives those that are to be handed over now.
  mutating func take(_ deliveries: [Delivery], at now: UInt64) -> [Delivery] {
    guard let count = gap?.held.count else { return deliveries }
    if count + deliveries.count > Self.heldLimit {
      gap?.held.removeAll { !$0.isOwn }
      // What is dropped here is missing as well.
      missing(at: now)
    } else {
      gap?.held += deliveries.map { Held(delivery: $0, isOwn: false) }
    }
    return []
  }

  /// Takes deliveries of this node's own changes; gives those that are to be handed over now. How many may wait is
  /// bounded by the gap's patience: the store answers when the feed can be read, and then the gap is soon closed.
  mutating func takeOwn(_ deliveries: [Delivery]) -> [Delivery] {
    guard gap?.holdsOwn == true else { return deliveries }
    gap?.held += deliveries.filter { $0.position != nil }.map { Held(delivery: $0, isOwn: true) }
    return deliveries.filter { $0.position == nil }
  }

  /// Notes that a step was read to its end; gives how much of it may be handed over now, and what was held back of that.
  /// Behind it goes what ``drained()`` gives.
  ///
  /// What lies behind the horizon waits for the next step as long as there may be more before it, which what was found
  /// and what is held must not overtake.
  ///
  /// - Parameters:
  ///   - horizon: Up to here the feed was complete when the step began.
  ///   - frontier: All that had begun then is before this position.
  mutating func finished(_ step: Step, horizon: Position, frontier: Position, at now: UInt64) -> Release {
    // What a bounded step has not read is not known to be complete, whatever its page says.
    let reached = min(step.end ?? horizon, horizon)
    complete = max(complete, reached)
    self.horizon = max(self.horizon, horizon)
    guard step.end == nil, step.gaps == gaps, let gap else { return release(upTo: reached) }
    // The gap may have opened while the feed was read: only what begins behind this reading's end is sure to come.
    let last = gap.frontier ?? frontier
    let isClosed = gap.frontier != nil && (horizon >= last - 1 || now >= gap.since + Self.patience)
    guard isClosed, !gap.isOpen else {
      // Patience begins when the feed can be read.
      if gap.frontier == nil { self.gap?.since = now }
      self.gap?.frontier = last
      return release(upTo: reached)
    }
    self.gap?.isClosing = true
    return Release(limit: .max, held: drained())
  }

  private mutating func release(upTo limit: Position) -> Release {
    guard let held = gap?.held else { return Release(limit: limit, held: []) }
    let isReady = { (held: Held) in held.delivery.position.map { $0 <= limit } ?? false }
    gap?.held = held.filter { !isReady($0) }
    return Release(limit: limit, held: held.filter(isReady))
  }

  /// What is still held back of a gap that is being closed, in its order; with nothing left the gap is closed. Asked until
  /// it gives nothing: what comes while the rest is handed over waits behind it.
  mutating func drained() -> [Held] {
    guard let held = gap?.held, gap?.isClosing == true else { return [] }
    if held.isEmpty {
      gap = nil
    } else {
      gap?.held = []
    }
    return held
  }
}

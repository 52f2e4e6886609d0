import Services
import Synchronization

/// The devices that have joined without its being known from where in the feed on they are to be told.
final class Latecomers: Sendable {
  /// By their numbers, and how many there have been: as many may come, and go, as connect while the store is away.
  private let state = Mutex<(outboxes: [UInt64: Outbox], count: UInt64)>(([:], 0))

  /// How many there have been.
  var count: UInt64 { state.withLock { $0.count } }

  /// Adds one; on its loop, before others know of it.
  func add(_ outbox: Outbox) {
    state.withLock { state in
      state.count += 1
      outbox.joinQueue = JoinQueue(
        number: state.count, from: outbox.joinedAt.horizon, limit: outbox.loop.settings.outboundBuffer)
      state.outboxes[state.count] = outbox
    }
  }

  /// Forgets one that has gone.
  func remove(_ outbox: Outbox) {
    if let queue = outbox.joinQueue { state.withLock { $0.outboxes[queue.number] = nil } }
  }

  /// Sends them what is due now that the feed was read, and all that was found was handed over.
  ///
  /// - Parameters:
  ///   - complete: Up to here nothing is missing.
  ///   - frontier: All that had begun when it was read is before this.
  ///   - count: How many latecomers there had been before it was read.
  func feedWasRead(upTo complete: Position, frontier: Position, after count: UInt64, at now: UInt64) {
    for (number, outbox) in state.withLock({ $0.outboxes }) {
      guard let queue = outbox.joinQueue else { continue }
      let frontier = number <= count ? frontier : nil
      if queue.read(upTo: complete, frontier: frontier, at: now, for: outbox) { remove(outbox) }
    }
  }
}

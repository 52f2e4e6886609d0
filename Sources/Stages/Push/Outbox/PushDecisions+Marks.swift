import Logging
import Pipeline
import Services
import Synchronization

/// The mark that says up to where all is decided, and those of dead nodes: who takes one over decides on what is undecided
/// behind it, and ends it when those decisions are written.
extension PushDecisions {
  /// After how many leases without being renewed a mark is taken over. It is renewed once a lease, so that this allows
  /// for two times that the store was away or slow; a mark that was taken too early costs asking about its messages
  /// twice.
  static let leasesUntilTaken = 3
  /// How many undecided messages are read at a time.
  private static let pageSize = 10_000

  /// Writes the first mark, before there is a message to lose, and takes over what dead nodes have left undecided: of a
  /// store of one node, whatever earlier lives have. Its receivers have as long as any for a sign of life.
  func resume() async {
    await withCheckedContinuation { continuation in mark { continuation.resume() } }
    renewLater()
  }

  /// Renews the mark also while nothing happens, where others would take it for that of a dead node.
  private func renewLater() {
    guard isShared else { return }
    scheduler.after(lease) { [self] in
      if state.withLock({ $0.isEnded }) { return }
      mark()
      renewLater()
    }
  }

  /// Writes the mark, and takes over those of dead nodes. The mark stays behind all that is open.
  func mark(then: @escaping @Sendable () -> Void = {}) {
    let now = clock.monotonic()
    let (waited, holding) = state.withLock { state in
      state.markedAt = now
      return (state.openSince.map { now - min(now, $0) } ?? 0, state.taken.nodes)
    }
    let wall = clock.wall()
    let behind = Self.margin + .nanoseconds(Int64(after)) + .nanoseconds(Int64(waited))
    let marking = PushMarking(
      service: service, mark: PushMark(of: node, decided: .lowest(at: wall + (.zero - behind))),
      holding: holding, dropping: .lowest(at: wall + (.zero - lifetime - Self.afterlife)))
    // A store of one node holds no other's marks but those of lives that have ended.
    let age = isShared ? lease * Self.leasesUntilTaken : .zero
    let take = StoreWrite.takePushMarks(service: service, by: node, unrenewedFor: age)
    store.write([.pushesDecided(marking), take]) { [self] results in
      if case .marks(let marks) = results.last {
        takeOver(marks, then: then)
      } else {
        logger.warning("the mark behind which pushes are undecided can't be written; it is tried again")
        then()
      }
    }
  }

  /// Reads what is undecided behind marks, one after the other.
  private func takeOver(_ marks: [PushMark], then: @escaping @Sendable () -> Void) {
    guard let mark = marks.first else { return then() }
    let rest = Array(marks.dropFirst())
    let isNew = state.withLock { state in !state.isEnded && state.taken.take(mark.node) }
    guard isNew else { return takeOver(rest, then: then) }
    let first = max(mark.decided, .lowest(at: clock.wall() + (.zero - lifetime)))
    read(behind: mark.node, from: first, count: 0) { [self] in takeOver(rest, then: then) }
  }

  private func read(
    behind node: NodeID, from oldest: MessageID, count: Int, then: @escaping @Sendable () -> Void
  ) {
    store.undecidedPushes(notBefore: oldest, limit: Self.pageSize) { [self] found in
      guard case .success(let pushes) = found else {
        // Nobody renews it now, so somebody takes it again.
        state.withLock { $0.taken.drop([node]) }
        logger.error("what a node has left undecided can't be read; it is taken over again later")
        return then()
      }
      let now = clock.monotonic()
      if !pushes.isEmpty { wait(for: pushes, notedAt: now) }
      let count = count + pushes.count
      if pushes.count == Self.pageSize, let last = pushes.last {
        return read(
          behind: node, from: MessageID(rawValue: last.messageID.rawValue + 1), count: count, then: then)
      }
      state.withLock { $0.taken.read(node, at: now) }
      logger.info(
        "took over what a node has left undecided",
        metadata: ["node": "\(node)", "messages": "\(count)"])
      tickLater()
      then()
    }
  }
}

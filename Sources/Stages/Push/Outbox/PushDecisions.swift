import Logging
import Pipeline
import Services
import Synchronization

/// The times that decisions about pushes go by.
struct PushTiming: Sendable {
  /// How long a connected receiver has for a sign of life.
  var after: Duration
  /// How long a push is kept.
  var lifetime: Duration
}

/// Messages of which it is not decided yet whether they are due a push.
///
/// A delivery that is seen costs no write: it waits here in memory for a sign of life, and is forgotten. What is due is
/// written to the store, and about every ten seconds also up to where all is decided: after a crash, the messages
/// behind that mark are looked at again. Where nodes share the store each has its mark, which it renews also while it is
/// idle, and whoever writes its own takes over those that nobody renews any more.
final class PushDecisions: Sendable {
  /// How often is looked after what waits.
  static let interval = Duration.seconds(1)
  /// How often the mark is written while messages come.
  static let markInterval = Duration.seconds(10)
  /// How much longer than it takes to decide the mark stays behind: events may be that long on their way here.
  static let margin = Duration.seconds(30)
  /// How long what is too old stays in the outbox: whoever sends is to find it there, and say that it is lost.
  static let afterlife = Duration.seconds(3600)
  /// How many wait together: so many users are asked about at once.
  private static let slotSize = 2000

  /// Deliveries of about the same time.
  struct Slot {
    let id: UInt64
    var pushes: [UndecidedPush]
    let first: UInt64
    /// A sign of life counts from here on.
    var last: UInt64
    /// When the oldest of them was noted first.
    var oldest: UInt64
    /// When their devices were asked for one.
    var probedAt: UInt64?
    /// Those who can't be asked now.
    var unreachable: Set<String> = []
  }

  struct State {
    /// Oldest first.
    var slots: [Slot] = []
    var lastSlot: UInt64 = 0
    /// When what is being asked about or written just now was noted.
    var underWay: [UInt64: UInt64] = [:]
    var lastUnderWay: UInt64 = 0
    var taken = TakenMarks()
    /// When the oldest of all that is open was noted.
    var openSince: UInt64? {
      [slots.lazy.map(\.oldest).min(), underWay.values.min()].compactMap(\.self).min()
    }
    var isTicking = false
    var isEnded = false
    /// When the mark was written, and when it has to be written again at the latest.
    var markedAt: UInt64 = 0
    var lastNoted: UInt64 = 0
    /// The stage in force that decides by this.
    var owner: Owner?
  }

  /// One stage among those that have had the same decisions, one after the other.
  final class Owner: Sendable {}

  /// Whose outbox what is due goes to, and what each push goes to.
  let service: String
  private let reach: PushReach
  let store: any Store
  /// Names this life of the decisions in its mark: not the process, in which a stage may end and another begin.
  let node = NodeID.random()
  /// How often the mark is renewed where nodes share the store.
  let lease: Duration
  /// Whether other nodes may have marks, and take this one's.
  let isShared: Bool
  private let liveness: any Liveness
  let scheduler: any Scheduler
  let clock: EngineClock
  let logger: Logger
  private let timing: Setting<PushTiming>
  var after: UInt64 { UInt64(max(0, timing.value.after.wholeNanoseconds)) }
  var lifetime: Duration { timing.value.lifetime }
  /// Called when something due has been written.
  private let whenDue: @Sendable () -> Void
  let state = Mutex(State())

  /// - Parameters:
  ///   - lease: How long a silent node counts as alive: the mark is renewed as often.
  ///   - isShared: Whether other nodes use the store.
  init(
    service: String, reach: PushReach, store: any Store, liveness: any Liveness, scheduler: any Scheduler,
    clock: EngineClock, logger: Logger, timing: PushTiming, lease: Duration, isShared: Bool,
    whenDue: @escaping @Sendable () -> Void = {}
  ) {
    self.service = service
    self.reach = reach
    self.store = store
    self.liveness = liveness
    self.scheduler = scheduler
    self.clock = clock
    self.logger = logger
    self.timing = Setting(timing)
    self.lease = lease
    self.isShared = isShared
    self.whenDue = whenDue
  }

  /// Takes messages that have just been stored and delivered.
  func note(_ pushes: [UndecidedPush]) {
    let now = clock.monotonic()
    let number = begin(notedAt: now)
    liveness.connected(among: Set(pushes.map(\.receiverID))) { [self] connected in
      let absent = pushes.filter { !connected.contains($0.receiverID) }
      if !absent.isEmpty { keep(absent, notedAt: now) }
      if absent.count < pushes.count {
        wait(for: absent.isEmpty ? pushes : pushes.filter { connected.contains($0.receiverID) }, notedAt: now)
      }
      end(number)
    }
    tickLater()
  }

  /// Decides for a stage from now on, as it is configured.
  func adopt(by owner: Owner, _ timing: PushTiming) {
    self.timing.value = timing
    state.withLock { $0.owner = owner }
  }

  /// Decides nothing more, unless another stage has taken over. Where something is open, its mark stays, for whoever
  /// comes first.
  func release(by owner: Owner) async {
    let ends = state.withLock { state -> (decided: [NodeID], left: [NodeID])? in
      guard !state.isEnded, state.owner == nil || state.owner === owner else { return nil }
      state.isEnded = true
      let decided = state.taken.decided(openSince: state.openSince) + (state.openSince == nil ? [node] : [])
      return (decided, (state.taken.nodes + [node]).filter { !decided.contains($0) })
    }
    guard let ends else { return }
    let writes: [StoreWrite] = [
      .endPushMarks(service: service, of: ends.decided, by: node, .decided),
      .endPushMarks(service: service, of: ends.left, by: node, .left),
    ]
    await withCheckedContinuation { continuation in store.write(writes) { _ in continuation.resume() } }
  }

  /// Something is asked about or written, until ``end(_:)``.
  private func begin(notedAt moment: UInt64) -> UInt64 {
    state.withLock { state in
      state.lastUnderWay += 1
      state.underWay[state.lastUnderWay] = moment
      state.lastNoted = max(state.lastNoted, moment)
      return state.lastUnderWay
    }
  }

  private func end(_ number: UInt64) { state.withLock { _ = $0.underWay.removeValue(forKey: number) } }

  /// - Parameter moment: When they were noted first: the mark stays behind that.
  func wait(for pushes: [UndecidedPush], notedAt moment: UInt64) {
    for start in stride(from: 0, to: pushes.count, by: Self.slotSize) {
      add(pushes[start..<min(pushes.count, start + Self.slotSize)], notedAt: moment)
    }
    tickLater()
  }

  private func add(_ pushes: ArraySlice<UndecidedPush>, notedAt moment: UInt64) {
    let now = clock.monotonic()
    state.withLock { state in
      if let last = state.slots.indices.last, state.slots[last].probedAt == nil,
        state.slots[last].pushes.count < Self.slotSize,
        now < state.slots[last].first + UInt64(Self.interval.wholeNanoseconds)
      {
        state.slots[last].pushes += pushes
        state.slots[last].last = now
        state.slots[last].oldest = min(state.slots[last].oldest, moment)
      } else {
        state.lastSlot += 1
        state.slots.append(
          Slot(id: state.lastSlot, pushes: Array(pushes), first: now, last: now, oldest: moment))
      }
      state.lastNoted = now
    }
  }

  /// Writes what is due. What the store does not take now, it is asked for again.
  private func keep(_ pushes: [UndecidedPush], notedAt moment: UInt64) {
    let writes = pushes.map { push in
      StoreWrite.push(DuePush(push.messageID, to: push.receiverID, service: service, reach: reach))
    }
    let number = begin(notedAt: moment)
    store.write(writes) { [self] results in
      let missed = zip(pushes, results).compactMap { push, result -> UndecidedPush? in
        switch result {
        case .unavailable, .unknown: push
        default: nil
        }
      }
      if !missed.isEmpty { wait(for: missed, notedAt: moment) }
      if missed.count < pushes.count { whenDue() }
      end(number)
    }
  }

  func tickLater() {
    let isDue = state.withLock { state in
      guard !state.isTicking, !state.isEnded else { return false }
      state.isTicking = true
      return true
    }
    if isDue { scheduler.after(Self.interval) { [self] in tick() } }
  }

  private func tick() {
    let now = clock.monotonic()
    let after = after
    let (decided, asked) = state.withLock { state -> ([Slot], [Slot]) in
      state.isTicking = false
      guard !state.isEnded else { return ([], []) }
      // Nothing is decided without having asked, however short the time for an answer.
      let count = state.slots.prefix { slot in
        slot.last + after <= now && slot.probedAt.map { $0 + after / 2 <= now } ?? false
      }.count
      let decided = Array(state.slots.prefix(count))
      state.slots.removeFirst(count)
      var asked: [Slot] = []
      for index in state.slots.indices
      where state.slots[index].probedAt == nil && state.slots[index].last + after / 2 <= now {
        state.slots[index].probedAt = now
        asked.append(state.slots[index])
      }
      return (decided, asked)
    }
    for slot in asked {
      let receivers = Set(slot.pushes.map(\.receiverID))
      let silent = receivers.subtracting(liveness.heard(among: receivers, since: slot.last))
      guard !silent.isEmpty else { continue }
      liveness.probe(silent, since: slot.last, within: .nanoseconds(Int64(after))) { [self] users in
        state.withLock { state in
          guard let place = state.slots.firstIndex(where: { $0.id == slot.id }) else { return }
          state.slots[place].unreachable.formUnion(users)
        }
      }
    }
    for slot in decided {
      let heard = liveness.heard(among: Set(slot.pushes.map(\.receiverID)), since: slot.last)
      let silent = slot.pushes.filter { !heard.contains($0.receiverID) }
      // As long as nobody can tell whether they are there, nothing is decided: else an outage would ring every phone.
      let open = silent.filter { slot.unreachable.contains($0.receiverID) }
      if !open.isEmpty { wait(for: open, notedAt: slot.oldest) }
      let due = open.isEmpty ? silent : silent.filter { !slot.unreachable.contains($0.receiverID) }
      if !due.isEmpty { keep(due, notedAt: slot.oldest) }
    }
    goOn(now)
  }

  /// Writes the mark where it is time, and ticks on until it has passed the last message.
  private func goOn(_ now: UInt64) {
    let behind = UInt64(Self.margin.wholeNanoseconds) + after
    let (isMarkDue, isBusy, decided, isEnded) = state.withLock { state in
      let isDue = now >= state.markedAt + UInt64(Self.markInterval.wholeNanoseconds)
      let isBusy = !state.slots.isEmpty || !state.taken.isEmpty || state.markedAt <= state.lastNoted + behind
      return (isDue, isBusy, state.taken.decided(openSince: state.openSince), state.isEnded)
    }
    guard !isEnded else { return }
    if !decided.isEmpty {
      store.write([.endPushMarks(service: service, of: decided, by: node, .decided)]) { [self] results in
        if case .done = results.first { state.withLock { $0.taken.drop(decided) } }
      }
    }
    if isMarkDue { mark() }
    if isBusy { tickLater() }
  }
}

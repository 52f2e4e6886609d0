import Synchronization

/// How far the feed has not only been committed but also carried out: up to here, every change has been handed to
/// the devices that were connected to this node.
///
/// A cursor given to a connected client must not be ahead of what that client has been sent, or a change that was
/// committed but not yet delivered would be skipped when the client comes back with it.
///
/// Where this node alone writes to the store, the feed is complete up to its last commit. Where others write too, it is
/// complete as far as ``complete(to:)`` says: whoever calls it has read the feed up to there, and has handed over what
/// had not come by itself. ``claim(_:for:)`` sees to it that a change that comes twice is handed over once.
public final class FeedHorizon: Sendable {
  /// One or both of the two that a change concerns: whom it was told, or is being told.
  private struct Told {
    var one: Int?
    var other: Int?

    mutating func insert(_ user: Int) -> Bool {
      guard one != user, other != user else { return false }
      if one == nil { one = user } else { other = user }
      return true
    }
  }

  private struct State {
    /// Up to here the feed is complete.
    var complete: Position
    /// The changes of this node that are under way.
    var pending = PendingPositions()
    /// The changes past `forgotten` that this node has made: it tells everyone itself.
    var own = PositionRanges()
    /// Those of others past `forgotten` that were handed over, or are being.
    var claimed: [Position: Told] = [:]
    /// What became of the changes up to here is not known any more; it lies behind `complete`, since a message that is
    /// changed again hides its earlier changes until it is met at its later place.
    var forgotten: Position
    /// The changes of this node that were read from the feed, and handed over, before they were begun here.
    var overtaken: Set<Position> = []
    /// New messages of this node that the store was given and has not answered yet: they may be in the feed already.
    var underWay: [[MessageID]] = []
    /// Where the feed stood when it was asked last.
    var stand: FeedStand
    /// How many times it could not be found out for somebody who connects where the feed stands.
    var unanswered: UInt64 = 0
    /// Whether nobody who asked since has been answered.
    var standIsUnknown = false

    var position: Position { pending.first.map { min($0 - 1, complete) } ?? complete }
  }
  private let state: Mutex<State>
  private let isShared: Bool
  private let overtakes = Atomic<Bool>(false)

  /// A horizon where everything up to `position` has been carried out.
  ///
  /// - Parameter isShared: Whether other nodes write to the store too.
  public init(at position: Position, isShared: Bool = false) {
    state = Mutex(State(complete: position, forgotten: position, stand: FeedStand(at: position)))
    self.isShared = isShared
  }

  /// Up to here every change has been carried out.
  public var position: Position { state.withLock { $0.position } }

  /// What a device that connects now is not told of where it is read from the feed later: what had been made when it came,
  /// which it was told of by a sync, or is not new to it.
  ///
  /// That is known where the feed has said where it stands since the device came. Else it is less: what was made between and
  /// the device's coming has come to nobody here by itself, and is found behind what does.
  public var joining: (stand: FeedStand, isKnown: Bool) {
    state.withLock { state in
      var stand = state.standIsUnknown ? FeedStand(at: state.stand.horizon) : state.stand
      stand.horizon = max(stand.horizon, state.position)
      return (stand, !state.standIsUnknown)
    }
  }

  /// Says that the feed is asked where it stands, for somebody who connects. Gives what ``standIsKnown(_:)`` takes.
  public func askingForStand() -> UInt64 { state.withLock { $0.unanswered } }

  /// Says that the feed has answered where it stands, to who asked at a moment: it is known to all who came before that.
  public func standIsKnown(_ asked: UInt64) {
    state.withLock { if asked == $0.unanswered { $0.standIsUnknown = false } }
  }

  /// Says that somebody connects without the feed having answered where it stands.
  public func standIsUnknown() {
    state.withLock { state in
      state.unanswered += 1
      state.standIsUnknown = true
    }
  }

  /// Says where the feed stood at some moment.
  public func note(_ stand: FeedStand) {
    state.withLock { if $0.stand.isBefore(stand) { $0.stand = stand } }
  }

  /// Says that new messages are given to a shared store: until it answers, nobody else is to tell of them, however soon they
  /// are found in the feed.
  public func underWay(_ messages: [MessageID]) {
    if !messages.isEmpty { state.withLock { $0.underWay.append(messages) } }
  }

  /// Says that the store has answered about all messages that were given to it at once, after ``begin(_:)`` of those that it
  /// has stored; or that its answer is lost, so that whoever finds one of them tells of it.
  public func answered(_ messages: [MessageID]) {
    state.withLock { state in
      if let place = state.underWay.firstIndex(of: messages) { state.underWay.remove(at: place) }
    }
  }

  /// How much of the feed may be taken from what was read: up to before the first message that is still under way.
  public func settled(among entries: [FeedPage.Entry]) -> Position {
    state.withLock { state in
      guard !state.underWay.isEmpty else { return .max }
      let underWay = Set(state.underWay.joined())
      var limit = Position.max
      for entry in entries where underWay.contains(entry.message.id) {
        limit = min(limit, entry.places.born - 1)
      }
      return limit
    }
  }

  /// Says that changes have been committed and are going to be carried out. Called by the store before it reports the
  /// write; in the order of the positions where the store is this node's alone.
  public func begin(_ positions: [Position]) {
    state.withLock { state in
      for position in positions {
        if isShared {
          if position <= state.forgotten || !state.own.insert(position)
            || !state.claimed.isEmpty && state.claimed.removeValue(forKey: position) != nil
          {
            state.overtaken.insert(position)
            overtakes.store(true, ordering: .releasing)
          }
        } else {
          precondition(position > state.complete, "changes begin in the order of the feed")
          state.complete = position
        }
        state.pending.insert(position)
      }
    }
  }

  /// Whether a change of this node was handed over by whoever read it from the feed, since the store's answer took that
  /// long: then it is not to be handed over again.
  public func wasOvertaken(_ position: Position) -> Bool {
    hasOvertaken && state.withLock { $0.overtaken.contains(position) }
  }

  /// Whether there is any such change, which is rare.
  public var hasOvertaken: Bool { overtakes.load(ordering: .acquiring) }

  /// Says that changes have been carried out.
  public func end(_ positions: [Position]) {
    state.withLock { state in
      if !state.overtaken.isEmpty {
        state.overtaken.subtract(positions)
        overtakes.store(!state.overtaken.isEmpty, ordering: .releasing)
      }
      for position in positions { state.pending.end(position) }
      state.pending.removeEnded()
    }
  }

  /// Whether a user is to be told of a change of a store that is shared, by the caller: nobody has claimed to before.
  public func claim(_ position: Position, for user: String) -> Bool {
    state.withLock { state in
      guard position > state.forgotten, !state.own.contains(position) else { return false }
      return state.claimed[position, default: Told()].insert(ExactText(user).hashValue)
    }
  }

  /// The changes behind a position that this node has made, and tells everyone of itself.
  public func own(after position: Position) -> [ClosedRange<Position>] {
    state.withLock { $0.own.ranges(after: position) }
  }

  /// Leaves out the entries of which everyone has been told all: those of this node, in the main.
  public func untold(among entries: [FeedPage.Entry]) -> [FeedPage.Entry] {
    state.withLock { state in
      entries.filter { entry in
        entry.places.contains { $0 > state.forgotten && !state.own.contains($0) }
      }
    }
  }

  /// Says that everything in the feed of a shared store has been claimed up to a position.
  public func complete(to position: Position) {
    state.withLock { state in state.complete = max(state.complete, position) }
  }

  /// Forgets what became of the changes up to a position: none of them is handed over any more.
  public func forget(upTo position: Position) {
    state.withLock { state in
      guard position > state.forgotten else { return }
      state.forgotten = position
      state.own.remove(upTo: position)
      state.claimed = state.claimed.filter { $0.key > position }
    }
  }
}

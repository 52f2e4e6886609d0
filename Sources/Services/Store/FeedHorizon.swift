import Synchronization

/// How far the feed has not only been committed but also carried out: up to here, every change has been handed to
/// the devices that were connected.
///
/// A cursor given to a connected client must not be ahead of what that client has been sent, or a change that was
/// committed but not yet delivered would be skipped when the client comes back with it.
public final class FeedHorizon: Sendable {
  private struct State {
    var highest: Position
    /// The changes under way, oldest first; those in `done` have ended out of turn.
    var pending: [Position] = []
    var first = 0
    var done: Set<Position> = []
  }
  private let state: Mutex<State>

  /// A horizon where everything up to `position` has been carried out.
  public init(at position: Position) { state = Mutex(State(highest: position)) }

  /// Up to here every change has been carried out.
  public var position: Position {
    state.withLock { state in
      state.first < state.pending.count ? state.pending[state.first] - 1 : state.highest
    }
  }

  /// Says that a change has been committed and is going to be carried out. Called by the store, in the order of
  /// the positions, before it reports the write.
  public func begin(_ position: Position) {
    state.withLock { state in
      precondition(position > state.highest, "changes begin in the order of the feed")
      state.highest = position
      state.pending.append(position)
    }
  }

  /// Says that changes have been carried out.
  public func end(_ positions: some Sequence<Position>) {
    state.withLock { state in
      state.done.formUnion(positions)
      while state.first < state.pending.count, state.done.remove(state.pending[state.first]) != nil {
        state.first += 1
      }
      if state.first == state.pending.count {
        state.pending.removeAll(keepingCapacity: state.first <= 4096)
        state.first = 0
      } else if state.first > 4096 {
        state.pending.removeFirst(state.first)
        state.first = 0
      }
    }
  }
}

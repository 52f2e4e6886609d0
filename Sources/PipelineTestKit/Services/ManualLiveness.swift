public import Services
import Synchronization

/// Users who give a sign of life when the test says so.
public final class ManualLiveness: Liveness {
  private struct State {
    var moments: [String: UInt64] = [:]
    var asked: [Set<String>] = []
    var online: Set<String> = []
    var beyondReach: Set<String> = []
  }
  private let state = Mutex(State())

  /// Nobody is there.
  public init() {}

  /// Who of `users` the test has had connect.
  public func connected(among users: Set<String>, then: @escaping @Sendable (Set<String>) -> Void) {
    then(state.withLock { users.intersection($0.online) })
  }

  /// Has a user count as connected, and as one who can be asked or not.
  public func connect(_ user: String, isReachable: Bool = true) {
    state.withLock { state in
      state.online.insert(user)
      if isReachable { state.beyondReach.remove(user) } else { state.beyondReach.insert(user) }
    }
  }

  /// Who of `users` was heard after a moment.
  public func heard(among users: Set<String>, since moment: UInt64) -> Set<String> {
    state.withLock { state in users.filter { (state.moments[$0] ?? 0) > moment } }
  }

  /// Writes down who is asked.
  public func probe(
    _ users: Set<String>, since moment: UInt64, within patience: Duration,
    unreachable: @escaping @Sendable (Set<String>) -> Void
  ) {
    let missed = state.withLock { state in
      state.asked.append(users)
      return users.intersection(state.beyondReach)
    }
    if !missed.isEmpty { unreachable(missed) }
  }

  /// Has a user be heard at a moment of the monotonic clock.
  public func hear(_ user: String, at moment: UInt64) { state.withLock { $0.moments[user] = moment } }

  /// Whom a sign of life was asked of, call by call.
  public var probes: [Set<String>] { state.withLock { $0.asked } }
}

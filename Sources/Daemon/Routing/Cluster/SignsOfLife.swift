import Pipeline
import Synchronization

/// What other nodes said about who gave a sign of life, as long as somebody may ask for it.
final class SignsOfLife: Sendable {
  private struct State {
    var heard: [String: UInt64] = [:]
    /// How long a sign is of use, in nanoseconds: as long as the most patient asker has waited.
    var lifetime: UInt64 = 0
    var prunedAt: UInt64 = 0
  }
  private let state = Mutex(State())

  /// Keeps signs for at least so many nanoseconds from now on.
  func keep(for lifetime: UInt64) { state.withLock { $0.lifetime = max($0.lifetime, lifetime) } }

  /// Notes when users were heard, by the engine's monotonic clock.
  func note(_ users: [(user: String, moment: UInt64)], at now: UInt64) {
    state.withLock { state in
      for (user, moment) in users { state.heard[user] = max(state.heard[user] ?? 0, moment) }
      guard now >= state.prunedAt + state.lifetime else { return }
      state.prunedAt = now
      let lifetime = state.lifetime
      state.heard = state.heard.filter { $0.value + lifetime > now }
    }
  }

  /// Those of `users` who were heard after a moment.
  func heard(among users: Set<String>, since moment: UInt64) -> Set<String> {
    state.withLock { state in state.heard.isEmpty ? [] : users.filter { (state.heard[$0] ?? 0) > moment } }
  }
}

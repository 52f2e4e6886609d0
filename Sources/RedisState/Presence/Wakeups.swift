import Synchronization

/// What the upkeep has to do next. Raised from any thread, taken by its one task.
final class Wakeups: Sendable {
  /// Reasons to wake.
  struct Reasons: OptionSet, Sendable {
    let rawValue: Int
    static let beat = Reasons(rawValue: 1)
    static let rebuild = Reasons(rawValue: 2)
    static let probe = Reasons(rawValue: 4)
  }

  private struct State {
    var reasons: Reasons = []
    /// Who has arrived since filling the state again became due: their entries are newer than the list of devices that it
    /// goes by. `nil` while none is due, or too many came.
    var arrivals: Set<String>?
  }

  private static let arrivalsMax = 65_536
  let stream: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation
  private let state = Mutex(State())

  init() { (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

  /// Notes a reason without waking.
  func note(_ reasons: Reasons) {
    state.withLock { state in
      state.reasons.formUnion(reasons)
      if reasons.contains(.rebuild), state.arrivals == nil { state.arrivals = [] }
    }
  }

  /// Wakes the upkeep for a reason.
  func raise(_ reasons: Reasons) {
    note(reasons)
    continuation.yield()
  }

  /// Notes who arrives from now on, until the state has been filled again.
  func noteArrivals() { state.withLock { if $0.arrivals == nil { $0.arrivals = [] } } }

  /// Takes all reasons that came since the last time.
  func take() -> Reasons {
    state.withLock { state in
      defer { state.reasons = [] }
      return state.reasons
    }
  }

  /// Notes that a user has arrived.
  func arrived(_ user: String) {
    state.withLock { state in
      guard state.arrivals != nil else { return }
      state.arrivals?.insert(user)
      if state.arrivals?.count ?? 0 > Self.arrivalsMax { state.arrivals = nil }
    }
  }

  /// Those who arrived since filling the state again became due; `nil` where it is not known.
  var arrivals: Set<String>? { state.withLock { $0.arrivals } }

  /// The state has been filled again.
  func settled() { state.withLock { if !$0.reasons.contains(.rebuild) { $0.arrivals = nil } } }

  /// Lets the upkeep end.
  func finish() { continuation.finish() }
}

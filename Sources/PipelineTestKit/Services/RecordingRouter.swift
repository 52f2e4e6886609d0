public import Services
import Synchronization

/// A router that writes down what it is to deliver.
public final class RecordingRouter: Router {
  private struct State {
    var made: [Delivery] = []
    var online: Set<String> = []
    var waiters: [CheckedContinuation<Void, Never>] = []
  }
  private let state = Mutex(State())

  /// A router with nobody connected.
  public init() {}

  /// Keeps deliveries for the test.
  public func deliver(_ deliveries: [Delivery]) {
    let waiting = state.withLock { state in
      state.made += deliveries
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiting { waiter.resume() }
  }

  /// Who of `users` the test has had connect.
  public func connected(among users: [String]) -> [String] {
    state.withLock { state in users.filter { state.online.contains($0) } }
  }

  /// Has a user count as connected.
  public func connect(_ user: String) { state.withLock { _ = $0.online.insert(user) } }

  /// What has been delivered so far and was not taken by ``nextDeliveries()``: to whom, and what.
  public var deliveries: [Delivery] { state.withLock { $0.made } }

  /// The next deliveries, waited for.
  public func nextDeliveries() async -> [Delivery] {
    await withCheckedContinuation { continuation in
      let isThere = state.withLock { state in
        if state.made.isEmpty { state.waiters.append(continuation) }
        return !state.made.isEmpty
      }
      if isThere { continuation.resume() }
    }
    return state.withLock { state in
      defer { state.made = [] }
      return state.made
    }
  }
}

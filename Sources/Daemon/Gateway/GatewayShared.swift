import Pipeline
import Services
import Synchronization

/// What all loops of the gateway share.
final class GatewayShared: Sendable {
  let hub: Hub
  let admission = AdmissionLimits()
  /// How many WebSockets are open on all loops.
  let openSockets = Atomic<Int>(0)
  /// Whether the daemon has said that it is to end; it may serve on for a while.
  let isLeaving = Atomic<Bool>(false)
  /// Whether the daemon is ending: nothing new is taken.
  let isDraining = Atomic<Bool>(false)
  private let lastConnection: Atomic<UInt64>

  /// - Parameters:
  ///   - firstConnection: Where connection ids begin, so that those of two lives of a node differ.
  ///   - horizon: That of the store whose changes are delivered.
  init(firstConnection: UInt64, horizon: FeedHorizon) {
    hub = Hub(horizon: horizon)
    lastConnection = Atomic(firstConnection)
  }

  /// Counts a WebSocket that wants to open; `false` where there are too many, or the daemon is ending.
  func admitSocket(limit: Int) -> Bool {
    guard !isDraining.load(ordering: .relaxed) else { return false }
    guard openSockets.wrappingAdd(1, ordering: .relaxed).newValue > limit else { return true }
    openSockets.wrappingSubtract(1, ordering: .relaxed)
    return false
  }

  /// A connection id that no other connection has.
  func nextConnectionID() -> ConnectionID {
    ConnectionID(rawValue: lastConnection.wrappingAdd(1, ordering: .relaxed).newValue)
  }
}

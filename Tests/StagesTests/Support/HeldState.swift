import Pipeline
import Services
import Synchronization

/// A shared state that is a trip away: what it is asked by events waits until the test lets the answers come.
final class HeldState: SharedState {
  let answersAtOnce = false
  private let state: any SharedState
  private let held = Mutex<[@Sendable () -> Void]>([])
  private let recalled = Mutex<[[String]]>([])
  private let isBroken = Mutex(false)

  init(_ state: any SharedState) { self.state = state }

  /// The send keys of each call.
  var recalls: [[String]] { recalled.withLock { $0 } }

  /// How many calls have no answer yet.
  var waiting: Int { held.withLock { $0.count } }

  /// Fails what is looked up from now on.
  func breakDown() { isBroken.withLock { $0 = true } }

  /// Answers all that has been asked so far.
  func answer() {
    let due = held.withLock { held in
      defer { held = [] }
      return held
    }
    for item in due { item() }
  }

  func admit(
    _ requests: [AdmissionRequest], then: @escaping @Sendable (Result<[Admission], StateError>) -> Void
  ) {
    held.withLock { $0.append { [state] in state.admit(requests, then: then) } }
  }

  func recall(
    _ keys: [SendKey], then: @escaping @Sendable (Result<[SentMessage?], StateError>) -> Void
  ) {
    recalled.withLock { $0.append(keys.map(\.tempID)) }
    let isBroken = isBroken.withLock { $0 }
    held.withLock {
      $0.append { [state] in
        if isBroken { then(.failure(StateError("broken"))) } else { state.recall(keys, then: then) }
      }
    }
  }

  func remember(_ sends: [(key: SendKey, message: SentMessage)], for window: Duration) {
    state.remember(sends, for: window)
  }

  func arrive(
    _ user: String, device: ConnectionID, limit: Int,
    then: @escaping @Sendable (Result<Arrival, StateError>) -> Void
  ) { state.arrive(user, device: device, limit: limit, then: then) }

  func depart(
    _ user: String, device: ConnectionID, then: @escaping @Sendable (Result<Bool, StateError>) -> Void
  ) { state.depart(user, device: device, then: then) }

  func lapse(
    _ user: String, after grace: Duration,
    then: @escaping @Sendable (Result<Timestamp?, StateError>) -> Void
  ) { state.lapse(user, after: grace, then: then) }

  func presence(
    of users: [String], then: @escaping @Sendable (Result<[PresenceRecord], StateError>) -> Void
  ) { state.presence(of: users, then: then) }

  func watchAbandoned(_ handler: @escaping @Sendable ([String]) -> Void) { state.watchAbandoned(handler) }
  func ready(then: @escaping @Sendable (String?) -> Void) { state.ready(then: then) }
  func close() async { await state.close() }
}

import Logging
import Pipeline
import Services

/// Tells the store of users at their first sight, and again when they change their names. Nobody waits for it: if the
/// store can't be told, it is told at the user's next event.
struct UserRecorder: Sendable {
  private let store: any Store
  private let names: NameBook?
  private let logger: Logger
  private let seen = SeenUsers()

  init(store: any Store, names: NameBook?, logger: Logger) {
    self.store = store
    self.names = names
    self.logger = logger
  }

  /// Notes that these events' users have been seen.
  func record(_ batch: EventBatch) {
    var fresh: [Identity] = []
    var last: Identity?
    for index in batch.indices {
      // What came on one connection together is of one user.
      guard let identity = batch[index].identity, identity !== last else { continue }
      last = identity
      if seen.insert(identity) { fresh.append(identity) }
    }
    guard !fresh.isEmpty else { return }
    store.write(fresh.map { .user(id: $0.userID, name: $0.name) }) { [fresh, seen, names, logger] results in
      for (identity, result) in zip(fresh, results) {
        switch result {
        case .unavailable(let reason), .unknown(let reason):
          seen.remove(identity.userID)
          logger.warning("a user could not be recorded", metadata: ["reason": "\(reason)"])
        case .refused(let rejection):
          logger.warning("the store refused a user", metadata: ["reason": "\(rejection.message)"])
        case .known(let name): if let name { names?.note(name, of: identity.userID) }
        case .done, .stored, .duplicate, .changed, .linked, .kept, .taken, .marks: break
        }
      }
    }
  }
}

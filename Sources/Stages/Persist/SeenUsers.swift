import Pipeline
import Synchronization

/// The users that the store knows already, with the names it knows them by: bounded, by forgetting those not seen
/// for longest. To forget one costs a write that changes nothing.
final class SeenUsers: Sendable {
  private struct Generations {
    var recent: [String: String?] = [:]
    var earlier: [String: String?] = [:]
  }
  private let generations = Mutex(Generations())
  private let limit: Int

  /// An empty memory that holds at most `limit` users.
  init(limit: Int = 65_536) { self.limit = limit }

  /// Notes an identity; `true` where it is new, or its name is.
  func insert(_ identity: Identity) -> Bool {
    generations.withLock { generations in
      if let name = generations.recent[identity.userID], name == identity.name { return false }
      let known = generations.earlier.removeValue(forKey: identity.userID)
      if generations.recent.count >= limit / 2 {
        generations.earlier = generations.recent
        generations.recent = [:]
      }
      generations.recent.updateValue(identity.name, forKey: identity.userID)
      guard let name = known else { return true }
      return name != identity.name
    }
  }

  /// Forgets a user, whom the store could not be told of.
  func remove(_ userID: String) {
    generations.withLock { generations in
      generations.recent.removeValue(forKey: userID)
      generations.earlier.removeValue(forKey: userID)
    }
  }
}

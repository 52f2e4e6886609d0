public import Pipeline
import Synchronization

/// The names of users who were seen lately, as the store knows them: bounded, by forgetting all of them when there are
/// too many. Who is not in it goes by the name in their token.
public final class NameBook: Sendable {
  private let names = Mutex<[String: String]>([:])
  private let limit: Int

  /// An empty book of at most `limit` names.
  public init(limit: Int = 100_000) { self.limit = limit }

  /// The name of a user.
  public subscript(user: String) -> String? { names.withLock { $0[user] } }

  /// Notes a user's name.
  public func note(_ name: String, of user: String) {
    names.withLock { names in
      if names.count >= limit { names.removeAll() }
      names[user] = name
    }
  }

  /// Forgets a user's name.
  public func forget(_ user: String) { names.withLock { _ = $0.removeValue(forKey: user) } }
}

/// The key under which stages find the names of users.
public enum NameBookKey: ServiceKey {
  /// The book.
  public typealias Service = NameBook
}

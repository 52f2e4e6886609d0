public import Pipeline
import Synchronization

/// From when on the tokens of users are good, for those of whom some are not: all of them in memory, since each new
/// token is looked up.
public final class RevocationList: Sendable {
  private let moments: Mutex<[String: Timestamp]>

  /// A list of what the store knows.
  public init(_ revocations: [Revocation] = []) {
    moments = Mutex(Dictionary(revocations.map { ($0.userID, $0.notBefore) }, uniquingKeysWith: max))
  }

  /// Adds a revocation; a later one of the same user takes its place.
  public func add(_ revocation: Revocation) {
    moments.withLock { $0[revocation.userID] = revocation.notBefore }
  }

  /// Whether a token of a user is not good: made before the moment, or it does not say when. Tokens say it to the
  /// second, so one made within the second of the revocation is good.
  public func revokes(_ user: String, issuedAt: Timestamp?) -> Bool {
    guard let notBefore = moments.withLock({ $0[user] }) else { return false }
    guard let issuedAt else { return true }
    return issuedAt.milliseconds / 1000 < notBefore.milliseconds / 1000
  }
}

/// The key under which stages find the list of revocations.
public enum RevocationListKey: ServiceKey {
  /// The list.
  public typealias Service = RevocationList
}

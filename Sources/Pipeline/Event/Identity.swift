/// Who sent an event, as the auth stage found it.
public final class Identity: Sendable {
  /// The user: the token's `sub`.
  public let userID: String
  /// The name to show, where the token has one.
  public let name: String?
  /// When the token ends; `nil` where it does not.
  public let expiresAt: Timestamp?
  /// What the token is good for beyond being the user.
  public let scopes: [String]
  /// When the token was made; `nil` where it does not say.
  public let issuedAt: Timestamp?
  /// Whether one's own backend acts in the user's name.
  public let isBackend: Bool
  /// What the identity rests on, where that can be withdrawn.
  public let credential: Credential?

  /// An identity by its parts.
  public init(
    userID: String, name: String? = nil, expiresAt: Timestamp? = nil, scopes: [String] = [],
    issuedAt: Timestamp? = nil, isBackend: Bool = false, credential: Credential? = nil
  ) {
    self.userID = userID
    self.name = name
    self.expiresAt = expiresAt
    self.scopes = scopes
    self.issuedAt = issuedAt
    self.isBackend = isBackend
    self.credential = credential
  }

  /// When the identity ends: with its token, or some time after what it rests on was withdrawn; `nil` where it does
  /// not.
  public var endsAt: Timestamp? {
    guard let withdrawn = credential?.endsAt else { return expiresAt }
    guard let expiresAt else { return withdrawn }
    return min(expiresAt, withdrawn)
  }

  /// Whether it has not ended yet.
  public func isValid(at now: Timestamp) -> Bool {
    guard let endsAt else { return true }
    return now < endsAt
  }
}

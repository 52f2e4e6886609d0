/// Who sent an event, as the auth stage found it.
public final class Identity: Sendable {
  /// The user: the token's `sub`.
  public let userID: String
  /// The name to show, where the token has one.
  public let name: String?
  /// When the identity ends; `nil` where it does not.
  public let expiresAt: Timestamp?
  /// What the token is good for beyond being the user.
  public let scopes: [String]
  /// When the token was made; `nil` where it does not say.
  public let issuedAt: Timestamp?
  /// Whether one's own backend acts in the user's name.
  public let isBackend: Bool

  /// An identity by its parts.
  public init(
    userID: String, name: String? = nil, expiresAt: Timestamp? = nil, scopes: [String] = [],
    issuedAt: Timestamp? = nil, isBackend: Bool = false
  ) {
    self.userID = userID
    self.name = name
    self.expiresAt = expiresAt
    self.scopes = scopes
    self.issuedAt = issuedAt
    self.isBackend = isBackend
  }
}

public import Pipeline

/// A device that pushes go to.
public struct Device: Sendable, Equatable {
  /// Whose it is.
  public var userID: String
  /// What the push service knows it by.
  public var token: String
  /// What it runs, as its user says.
  public var platform: String?

  /// A device by its parts.
  public init(userID: String, token: String, platform: String? = nil) {
    self.userID = userID
    self.token = token
    self.platform = platform
  }
}

/// From when on a user's tokens are good.
public struct Revocation: Sendable, Equatable {
  /// Whose tokens.
  public var userID: String
  /// Those made before are not good.
  public var notBefore: Timestamp

  /// A revocation by its parts.
  public init(userID: String, notBefore: Timestamp) {
    self.userID = userID
    self.notBefore = notBefore
  }
}

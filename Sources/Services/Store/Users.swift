public import Pipeline

/// A device that pushes go to.
public struct Device: Sendable, Equatable {
  /// Whose it is.
  public var userID: String
  /// What the push service knows it by.
  public var token: String
  /// What it runs, as its user says.
  public var platform: String?
  /// When it was last registered; `nil` where it is to be registered now. Devices of which nothing is heard go in time.
  public var lastSeen: Timestamp?

  /// A device by its parts.
  public init(userID: String, token: String, platform: String? = nil, lastSeen: Timestamp? = nil) {
    self.userID = userID
    self.token = token
    self.platform = platform
    self.lastSeen = lastSeen
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

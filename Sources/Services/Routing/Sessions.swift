public import Pipeline

/// The connections of users, to be ended.
public protocol Sessions: Sendable {
  /// Ends the connections of a user: for good, since whoever asks for it wants them gone.
  func disconnect(_ user: String)

  /// Ends the connections of a user whose tokens were made before a moment, or don't say when they were.
  func disconnect(_ user: String, tokensBefore moment: Timestamp)

  /// Ends one connection of a user, which has to make room for a newer one.
  func replace(_ device: PlacedDevice, of user: String)
}

/// The key under which stages find the connections of users.
public enum SessionsKey: ServiceKey {
  /// The seam.
  public typealias Service = any Sessions
}

/// The key under which stages find how many devices a user may have connected.
public enum DeviceLimitKey: ServiceKey {
  /// The number.
  public typealias Service = Setting<Int>
}

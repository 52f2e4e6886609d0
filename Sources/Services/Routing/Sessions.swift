public import Pipeline

/// The connections of users, to be ended.
public protocol Sessions: Sendable {
  /// Ends the connections of a user: for good, since whoever asks for it wants them gone.
  func disconnect(_ user: String)

  /// Ends the connections of a user whose tokens were made before a moment, or don't say when they were.
  func disconnect(_ user: String, tokensBefore moment: Timestamp)
}

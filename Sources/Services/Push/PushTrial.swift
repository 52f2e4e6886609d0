/// A push service that can be tried out.
public protocol PushTrials: Sendable {
  /// Sends something to try it to all that a user's pushes go to, at once and past the outbox, and says what came back.
  func tryPush(to user: String) async -> [PushTrial]

  /// Whether a device's token is one that the service knows; `true` where that can't be found out now, or is not asked.
  func knows(_ deviceToken: String) async -> Bool
}

/// What came of trying to push to one device or user.
public struct PushTrial: Sendable, Equatable {
  /// What it went to, so that its user can tell it from others; never a token.
  public var target: String
  /// Whether it was taken.
  public var isSent: Bool
  /// What came of it: one of a fixed few words.
  public var result: String
  /// More of what the service said.
  public var detail: String
  /// How long it took.
  public var milliseconds: Int

  /// A trial by its parts.
  public init(target: String, isSent: Bool, result: String, detail: String, milliseconds: Int) {
    self.target = target
    self.isSent = isSent
    self.result = result
    self.detail = detail
    self.milliseconds = milliseconds
  }
}

/// A message whose receiver is to be told of it by a push service.
public struct DuePush: Sendable, Hashable {
  /// The message.
  public var messageID: MessageID
  /// Its receiver.
  public var receiverID: String
  /// Whose outbox it goes to: the name that a stage has in the chain.
  public var service: String
  /// What it goes to.
  public var reach: PushReach

  /// A push by its parts.
  public init(_ messageID: MessageID, to receiverID: String, service: String, reach: PushReach) {
    self.messageID = messageID
    self.receiverID = receiverID
    self.service = service
    self.reach = reach
  }
}

/// What one push goes to.
public enum PushReach: Sendable, Hashable {
  /// Each device that the receiver has registered: a job for each.
  case devices
  /// The receiver, whatever devices they have: one job.
  case user
}

/// A message of which it is not decided yet whether it is due a push.
public struct UndecidedPush: Sendable, Hashable {
  /// The message.
  public var messageID: MessageID
  /// Its receiver.
  public var receiverID: String

  /// A message by its parts.
  public init(_ messageID: MessageID, to receiverID: String) {
    self.messageID = messageID
    self.receiverID = receiverID
  }
}

/// A message whose receiver's phone is to ring.
public struct DuePush: Sendable, Hashable {
  /// The message.
  public var messageID: MessageID
  /// Its receiver.
  public var receiverID: String

  /// A push by its parts.
  public init(_ messageID: MessageID, to receiverID: String) {
    self.messageID = messageID
    self.receiverID = receiverID
  }
}

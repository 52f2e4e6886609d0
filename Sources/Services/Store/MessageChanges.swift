public import Pipeline

/// A receiver's word that messages have reached them, or that they have read them.
public struct Receipt: Sendable, Equatable {
  /// What it says.
  public enum Kind: Sendable, Equatable {
    /// The messages are on a device of the receiver.
    case delivered
    /// The receiver has read them, so that they are delivered as well.
    case read
  }

  /// Which messages.
  public enum Target: Sendable, Equatable {
    /// These; all of them or, where one can't be, none.
    case messages(Few<MessageID>)
    /// All that the receiver has of this message's conversation, up to it.
    case upTo(MessageID)
  }

  /// What it says.
  public var kind: Kind
  /// Who says it.
  public var userID: String
  /// Of which messages.
  public var target: Target
  /// When.
  public var at: Timestamp

  /// A receipt by its parts.
  public init(_ kind: Kind, by userID: String, of target: Target, at: Timestamp) {
    self.kind = kind
    self.userID = userID
    self.target = target
    self.at = at
  }
}

/// A sender's wish to change a message of theirs.
public struct Revision: Sendable, Equatable {
  /// What becomes of the message.
  public enum Kind: Sendable, Equatable {
    /// It gets this content.
    case edit(content: String)
    /// It loses its content and metadata for all readers, and keeps its place.
    case delete
  }

  /// What becomes of it.
  public var kind: Kind
  /// Which message.
  public var messageID: MessageID
  /// Who wishes it.
  public var userID: String
  /// When.
  public var at: Timestamp

  /// A wish by its parts.
  public init(_ kind: Kind, of messageID: MessageID, by userID: String, at: Timestamp) {
    self.kind = kind
    self.messageID = messageID
    self.userID = userID
    self.at = at
  }
}

/// What a receipt or revision did to one message.
public struct MessageChange: Sendable, Equatable {
  /// Which message.
  public var messageID: MessageID
  /// Who sent it.
  public var senderID: String
  /// Who received it.
  public var receiverID: String
  /// When it happened: the first time, where it had happened before.
  public var at: Timestamp
  /// The message's version now.
  public var version: Int
  /// The change's place in the feed; `nil` where it had happened before and nothing changed.
  public var position: Position?

  /// A change by its parts.
  public init(
    messageID: MessageID, senderID: String, receiverID: String, at: Timestamp, version: Int,
    position: Position?
  ) {
    self.messageID = messageID
    self.senderID = senderID
    self.receiverID = receiverID
    self.at = at
    self.version = version
    self.position = position
  }
}

public import Pipeline

/// A message that is to be stored.
public struct NewMessage: Sendable, Equatable {
  /// The id it gets, unless the same send key has one already.
  public var id: MessageID
  /// Who sends it.
  public let senderID: String
  /// The sender's own name for it: with `senderID` the send key.
  public let tempID: String
  /// Who is to get it.
  public let receiverID: String
  /// What it says.
  public let content: String
  /// A JSON object, stored and delivered as the text it came as.
  public let metadata: String?
  /// The message it answers, of the same conversation.
  public let replyTo: MessageID?
  /// Tells whether another message of the same send key has the same body.
  public let digest: UInt64

  /// A message by its parts.
  public init(
    id: MessageID, senderID: String, tempID: String, receiverID: String, content: String,
    metadata: String? = nil, replyTo: MessageID? = nil
  ) {
    self.id = id
    self.senderID = senderID
    self.tempID = tempID
    self.receiverID = receiverID
    self.content = content
    self.metadata = metadata
    self.replyTo = replyTo
    var digest = Digest()
    digest.combine(receiverID)
    digest.combine(content)
    digest.combine(metadata)
    digest.combine(replyTo?.description)
    self.digest = digest.value
  }
}

/// A message as the store holds it.
public struct StoredMessage: Sendable, Equatable {
  /// Its id, which tells when it was sent.
  public var id: MessageID
  /// Who sent it.
  public var senderID: String
  /// The sender's name where they have one.
  public var senderName: String?
  /// Who it is for.
  public var receiverID: String
  /// What it says.
  public var content: String
  /// A JSON object as text.
  public var metadata: String?
  /// The message it answers.
  public var replyTo: MessageID?
  /// Counts its changes, from 1.
  public var version: Int
  /// The place of its latest change in the feed.
  public var position: Position
  /// When it reached a device of the receiver.
  public var deliveredAt: Timestamp?
  /// When the receiver read it.
  public var readAt: Timestamp?
  /// When the sender last edited it.
  public var editedAt: Timestamp?
  /// When the sender deleted it; its content is empty then and its metadata absent.
  public var deletedAt: Timestamp?

  /// A message by its parts.
  public init(
    id: MessageID, senderID: String, senderName: String? = nil, receiverID: String, content: String,
    metadata: String? = nil, replyTo: MessageID? = nil, version: Int = 1, position: Position,
    deliveredAt: Timestamp? = nil, readAt: Timestamp? = nil, editedAt: Timestamp? = nil,
    deletedAt: Timestamp? = nil
  ) {
    self.id = id
    self.senderID = senderID
    self.senderName = senderName
    self.receiverID = receiverID
    self.content = content
    self.metadata = metadata
    self.replyTo = replyTo
    self.version = version
    self.position = position
    self.deliveredAt = deliveredAt
    self.readAt = readAt
    self.editedAt = editedAt
    self.deletedAt = deletedAt
  }
}

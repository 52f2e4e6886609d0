public import Pipeline

/// A message that is to be stored.
public struct NewMessage: Sendable, Equatable {
  /// The id it gets, unless the same send key has one already.
  public var id: MessageID
  /// Who sends it.
  public var senderID: String
  /// The sender's own name for it: with `senderID` the send key.
  public var tempID: String
  /// Who is to get it.
  public var receiverID: String
  /// What it says.
  public var content: String
  /// A JSON object, stored and delivered as the text it came as.
  public var metadata: String?
  /// The message it answers, of the same conversation.
  public var replyTo: MessageID?

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
  }

  /// Tells whether another message of the same send key has the same body.
  public var digest: UInt64 {
    var digest = Digest()
    digest.combine(receiverID)
    digest.combine(content)
    digest.combine(metadata)
    digest.combine(replyTo?.description)
    return digest.value
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

  /// A message by its parts.
  public init(
    id: MessageID, senderID: String, senderName: String? = nil, receiverID: String, content: String,
    metadata: String? = nil, replyTo: MessageID? = nil, version: Int = 1, position: Position,
    deliveredAt: Timestamp? = nil, readAt: Timestamp? = nil
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
  }
}

/// A receiver's word that messages have been read.
public struct ReadRequest: Sendable, Equatable {
  /// Which messages.
  public enum Target: Sendable, Equatable {
    /// These; all of them or, where one can't be, none.
    case messages([MessageID])
    /// All that the reader received in this message's conversation, up to it.
    case upTo(MessageID)
  }

  /// Who has read.
  public var readerID: String
  /// What was read.
  public var target: Target
  /// When.
  public var readAt: Timestamp

  /// A request by its parts.
  public init(readerID: String, target: Target, readAt: Timestamp) {
    self.readerID = readerID
    self.target = target
    self.readAt = readAt
  }
}

/// One message's read receipt.
public struct ReadReceipt: Sendable, Equatable {
  /// Which message.
  public var messageID: MessageID
  /// Who sent it.
  public var senderID: String
  /// When it was read first.
  public var readAt: Timestamp
  /// The message's version with this change.
  public var version: Int
  /// The change's place in the feed; `nil` where it had been read before and nothing changed.
  public var position: Position?

  /// A receipt by its parts.
  public init(messageID: MessageID, senderID: String, readAt: Timestamp, version: Int, position: Position?) {
    self.messageID = messageID
    self.senderID = senderID
    self.readAt = readAt
    self.version = version
    self.position = position
  }
}

/// One change to be made.
public enum StoreWrite: Sendable {
  /// A message to store.
  case message(NewMessage)
  /// Messages to mark as read.
  case read(ReadRequest)
  /// A user who has shown a valid token, with the name in it: made at first sight, renamed when it changes.
  case user(id: String, name: String?)
}

/// What became of one change; durable when it is reported.
public enum WriteResult: Sendable, Equatable {
  /// The message is stored, at this place in the feed.
  case stored(MessageID, Position)
  /// The same send key with the same body was stored before, under this id. Nothing changed.
  case duplicate(MessageID)
  /// The messages are marked as read, in the order of the request (oldest first for `upTo`).
  case read([ReadReceipt])
  /// The user is known.
  case seen
  /// This change alone was not made.
  case refused(Rejection)
  /// The store failed; nothing of this change was made, and it may be asked for again.
  case unavailable(String)
}

/// What a client asks for when it syncs.
public struct SyncRequest: Sendable, Equatable {
  /// Where to start.
  public enum Start: Sendable, Equatable {
    /// At the first change there is.
    case beginning
    /// After this place in the feed.
    case after(Position)
    /// At the first change at or after this moment: it may repeat, never skip.
    case since(Timestamp)
  }

  /// Whose changes: messages they sent or received.
  public var userID: String
  /// Where to start.
  public var start: Start
  /// The most messages in the answer, from 1 to 500.
  public var limit: Int

  /// A request by its parts.
  public init(userID: String, start: Start, limit: Int = 100) {
    self.userID = userID
    self.start = start
    self.limit = limit
  }
}

/// One page of a sync, in the order of changes.
public struct SyncPage: Sendable, Equatable {
  /// The messages as they are now, each at the place of its latest change.
  public var messages: [StoredMessage]
  /// Where the next page starts: everything of the user's up to here is on this page or was on an earlier one.
  public var position: Position
  /// Whether there is more now.
  public var hasMore: Bool

  /// A page by its parts.
  public init(messages: [StoredMessage], position: Position, hasMore: Bool) {
    self.messages = messages
    self.position = position
    self.hasMore = hasMore
  }
}

/// A store that could not be opened or read.
public struct StoreError: Error, Sendable, CustomStringConvertible {
  /// What failed and what to do about it.
  public let description: String

  /// A fault with its description.
  public init(_ description: String) { self.description = description }
}

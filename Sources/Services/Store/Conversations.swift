/// A conversation as one of its sides sees it.
public struct Conversation: Sendable, Equatable {
  /// The other side.
  public var peerID: String
  /// The other side's name where they have one.
  public var peerName: String?
  /// The latest message.
  public var lastMessage: StoredMessage
  /// How many messages the user has not read.
  public var unread: Int

  /// A conversation by its parts.
  public init(peerID: String, peerName: String?, lastMessage: StoredMessage, unread: Int) {
    self.peerID = peerID
    self.peerName = peerName
    self.lastMessage = lastMessage
    self.unread = unread
  }
}

/// One page of a list that is read from its newest entry back.
public struct Page<Entry: Sendable>: Sendable {
  /// Newest first.
  public var entries: [Entry]
  /// Whether there are older ones.
  public var hasMore: Bool

  /// A page by its parts.
  public init(_ entries: [Entry], hasMore: Bool) {
    self.entries = entries
    self.hasMore = hasMore
  }
}

/// What a user looks for in their messages.
public struct SearchRequest: Sendable, Equatable {
  /// Whose messages.
  public var userID: String
  /// Words that a message has to hold, all of them; the last may be the beginning of one.
  public var text: String
  /// Only the conversation with this user.
  public var peerID: String?
  /// The most messages in the answer.
  public var limit: Int

  /// A request by its parts.
  public init(userID: String, text: String, peerID: String? = nil, limit: Int) {
    self.userID = userID
    self.text = text
    self.peerID = peerID
    self.limit = limit
  }
}

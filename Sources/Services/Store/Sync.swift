public import Pipeline

/// What a client asks for when it syncs.
public struct SyncRequest: Sendable, Equatable {
  /// Where to start.
  public enum Start: Sendable, Equatable {
    /// At the first change there is.
    case beginning
    /// Behind this place in the feed.
    case after(FeedPlace)
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
  public var place: FeedPlace
  /// Whether there is more now.
  public var hasMore: Bool

  /// A page by its parts.
  public init(messages: [StoredMessage], place: FeedPlace, hasMore: Bool) {
    self.messages = messages
    self.place = place
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

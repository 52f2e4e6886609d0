/// A store to which several nodes write: each follows the feed of all, so that its clients miss nothing that another
/// node has stored and failed to tell of.
public protocol SharedFeed: Store {
  /// The number of this node among those of the store, below 1,024: no other has it while both are connected.
  var nodeNumber: UInt16 { get }

  /// Reads a part of the feed of all users: messages that were stored or changed there, in the order of their latest
  /// changes.
  func changes(
    _ request: FeedRequest, then: @escaping @Sendable (Result<FeedPage, StoreError>) -> Void)

  /// Has `handler` called when it is not known whether changes of this node were made, before their callers hear of it:
  /// if they were, nobody else tells of them. Only the latest handler is called.
  func watchUnknown(_ handler: @escaping @Sendable () -> Void)

  /// Finds out where the feed stands now: up to which position it is complete. Notes it in the horizon.
  func stand(then: @escaping @Sendable (Result<Position, StoreError>) -> Void)
}

/// Which part of a feed is to be read.
public struct FeedRequest: Sendable, Equatable {
  /// Where it begins, exclusive.
  public var start: Position
  /// Where it ends, inclusive; `nil` for all that can be seen, also past the feed's horizon.
  public var end: Position?
  /// Only messages whose latest change is after this position: where the page before has ended.
  public var page: Position
  /// The most messages in the answer.
  public var limit: Int
  /// Changes that this node has told of, in their order: messages to which nothing else has happened since the beginning may
  /// be left out.
  public var told: [ClosedRange<Position>]

  /// The beginning of a part, by its parts.
  public init(
    after start: Position, upTo end: Position?, page: Position = 0, limit: Int,
    told: [ClosedRange<Position>] = []
  ) {
    self.told = told
    self.start = start
    self.end = end
    self.page = page
    self.limit = limit
  }
}

/// A part of the feed of a shared store.
public struct FeedPage: Sendable {
  /// A message, at the place of its latest change.
  public struct Entry: Sendable {
    /// The message as it is now.
    public var message: StoredMessage
    /// Where in the feed each thing stands that became of it: that it was stored, delivered, read, edited last, deleted.
    public var places: Places

    /// An entry by its parts.
    public init(_ message: StoredMessage, _ places: Places) {
      self.message = message
      self.places = places
    }
  }

  /// Where in the feed a change of a message stands, and which version it made.
  public struct Place: Sendable, Equatable {
    /// The place.
    public var position: Position
    /// The version.
    public var version: Int

    /// A place by its parts.
    public init(_ position: Position, version: Int) {
      self.position = position
      self.version = version
    }
  }

  /// The places in the feed of what became of a message.
  public struct Places: Sendable, Equatable {
    /// Where it was stored.
    public var born: Position
    /// Where it was delivered, if that was before it was read.
    public var delivered: Place?
    /// Where it was read.
    public var read: Place?
    /// Where it was edited last.
    public var edited: Place?
    /// Where it was deleted.
    public var deleted: Place?

    /// Places by their parts.
    public init(
      born: Position, delivered: Place? = nil, read: Place? = nil, edited: Place? = nil, deleted: Place? = nil
    ) {
      self.born = born
      self.delivered = delivered
      self.read = read
      self.edited = edited
      self.deleted = deleted
    }

    /// Whether any of the places is one that is looked for.
    public func contains(where isFound: (Position) -> Bool) -> Bool {
      isFound(born)
        || [delivered, read, edited, deleted].contains { $0.map { isFound($0.position) } ?? false }
    }
  }

  /// Oldest change first.
  public var entries: [Entry]
  /// Whether there are more.
  public var hasMore: Bool
  /// Up to here the feed is complete: whatever is committed from now on comes later.
  public var horizon: Position
  /// All that was begun when the page was read is before this position.
  public var frontier: Position

  /// A part by its parts.
  public init(entries: [Entry], hasMore: Bool, horizon: Position, frontier: Position) {
    self.entries = entries
    self.hasMore = hasMore
    self.horizon = horizon
    self.frontier = frontier
  }
}

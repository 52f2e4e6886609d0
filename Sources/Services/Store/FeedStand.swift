/// Where a feed stood at a moment: which changes had been made then.
public struct FeedStand: Sendable, Equatable {
  /// Up to here all was final.
  public var horizon: Position
  /// All that had begun was before this.
  public var frontier: Position
  /// The places between the two of what had begun and was not made yet, in their order.
  public var open: [ClosedRange<Position>]

  /// A stand by its parts.
  public init(horizon: Position, frontier: Position, open: [ClosedRange<Position>] = []) {
    self.horizon = horizon
    self.frontier = frontier
    self.open = open
  }

  /// A stand where all that is before a place, and nothing behind it, had been made.
  public init(at position: Position) { self.init(horizon: position, frontier: position) }

  /// Whether the change at a place had been made.
  public func holds(_ position: Position) -> Bool {
    position <= horizon || position < frontier && !open.contains { $0.contains(position) }
  }

  /// Whether it is that of an earlier moment than another of the same feed.
  func isBefore(_ other: FeedStand) -> Bool {
    (frontier, horizon, other.open.count) < (other.frontier, other.horizon, open.count)
  }
}

/// Up to where one life of one node has decided which messages a service is to push: of those before it all that it
/// stored is decided. Who dies leaves its mark, from which others learn what they have to decide in its place.
public struct PushMark: Sendable, Hashable {
  /// Whose mark it is. A node that begins to decide anew does so under a new name.
  public var node: NodeID
  /// Of all its messages before this one it is decided.
  public var decided: MessageID

  /// A mark by its parts.
  public init(of node: NodeID, decided: MessageID) {
    self.node = node
    self.decided = decided
  }
}

/// Writes a node's own mark for a service, and renews it. A mark that another has taken over is the node's own again.
public struct PushMarking: Sendable, Hashable {
  /// The service: the name that a stage has in the chain.
  public var service: String
  /// The mark; it never goes back.
  public var mark: PushMark
  /// Marks of others that the node has taken over and is not done with: they are renewed too.
  public var holding: [NodeID]
  /// The service's jobs for messages before this one are too old, and go.
  public var oldest: MessageID

  /// A change by its parts.
  public init(service: String, mark: PushMark, holding: [NodeID] = [], dropping oldest: MessageID) {
    self.service = service
    self.mark = mark
    self.holding = holding
    self.oldest = oldest
  }
}

/// How a mark ends.
public enum PushMarkEnd: Sendable, Hashable {
  /// All is decided behind it: it goes.
  case decided
  /// Something is not: whoever comes first takes it over, without waiting.
  case left
}

public import Pipeline

/// The way from this node to the others of the same shared state: who holds whose devices, and frames between nodes.
///
/// Frames are handed over at most once, in order from one node to another. Whoever needs more counts them and reads the
/// store where one is missing: the bus says when frames may have been lost (``NodeBusListener/busWasInterrupted()``).
public protocol NodeBus: Sendable {
  /// This node.
  var node: NodeID { get }

  /// Which other nodes that are alive hold devices of users, one answer each, in order. All questions of a turn go out
  /// together.
  func nodes(holding users: [String], then: @escaping @Sendable (Result<[[NodeID]], StateError>) -> Void)

  /// Sends frames to nodes, in order for each. Never blocks; what can't be sent is lost, and `then` says so.
  ///
  /// - Parameter then: Gets whether all frames were handed over.
  func send(_ frames: [(node: NodeID, bytes: [UInt8])], then: @escaping @Sendable (Bool) -> Void)

  /// The other nodes that are alive, as far as this one knows.
  var others: Set<NodeID> { get }

  /// Begins to take frames. Called once, before the first client connects.
  func listen(_ listener: any NodeBusListener)
}

/// Takes what other nodes send. Called from threads that must not be blocked.
public protocol NodeBusListener: Sendable {
  /// A frame has come.
  func received(_ bytes: [UInt8], from node: NodeID)

  /// Frames may have been lost until now. Says nothing of an interruption that was announced, and goes on.
  func framesMayBeLost()

  /// Frames may be lost from now on, until ``busWasInterrupted()`` is called: others may not know what is held here.
  func busIsInterrupted()

  /// Frames may have been lost until now: the way here was interrupted and is open again. Called after it is open.
  func busWasInterrupted()

  /// The devices that are connected to this node, for a shared state that has to be filled again.
  func connectedDevices() -> [(user: String, device: ConnectionID)]

  /// Whether a device of a user is connected to this node, of which the shared state has been told when it arrived.
  func holds(_ user: String) -> Bool
}

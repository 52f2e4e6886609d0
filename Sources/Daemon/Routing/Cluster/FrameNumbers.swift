import Services

/// Numbers the frames to each node, and sees from their numbers where one from a node is missing.
struct FrameNumbers {
  private var sent: [NodeID: UInt64] = [:]
  private var received: [NodeID: UInt64] = [:]
  /// The nodes that were there when there was something to tell.
  private var known: Set<NodeID> = []

  /// The number of the next frame to a node.
  mutating func next(to node: NodeID) -> UInt64 {
    let number = sent[node, default: 0] + 1
    sent[node] = number
    return number
  }

  /// Notes which nodes are there. Of one that was not there the last time, nobody knows what it should have been told
  /// meanwhile: it will see that something is missing.
  mutating func meet(_ others: Set<NodeID>) {
    guard others != known else { return }
    skip(for: others.subtracting(known))
    known = others
  }

  /// Skips a number for each of these nodes: something for them was not sent, and they will see that.
  mutating func skip(for nodes: some Sequence<NodeID>) {
    for node in nodes { sent[node, default: 0] += 1 }
  }

  /// Notes a frame; `false` where one before it has not come.
  mutating func isNext(_ number: UInt64, from node: NodeID) -> Bool {
    let last = received.updateValue(number, forKey: node) ?? 0
    return number == last + 1
  }
}

import Services

/// What a heartbeat learns.
struct LeaseReport: Equatable {
  /// Whether this node's lease held until now.
  let isHeld: Bool
  /// The nodes whose leases hold.
  private(set) var live: Set<NodeID> = []
  /// The nodes whose leases have run out, and whose users have not been seen to.
  private(set) var waiting: Set<NodeID> = []

  /// Reads the answer of the script; `nil` where it is none.
  init?(_ reply: RESPValue) {
    let parts = reply.elements
    guard parts.count == 3, let held = parts[0].integer, let now = parts[1].integer else { return nil }
    isHeld = held == 1
    let leases = parts[2].elements
    for index in stride(from: 0, to: leases.count - 1, by: 2) {
      guard let node = leases[index].text.flatMap({ NodeID($0) }), let end = leases[index + 1].integer
      else { continue }
      if end > now { live.insert(node) } else { waiting.insert(node) }
    }
  }
}

import Services
import Synchronization

/// What this node knows of the others: read with each heartbeat, and whenever one of them says that it came or went.
final class NodeRegistry: Sendable {
  private struct State {
    /// Those whose lease holds, this one included.
    var live: Set<NodeID>
    /// Those whose lease has run out and whose users have not been seen to yet.
    var waiting: Set<NodeID> = []
    var lists: Lists
  }

  /// The nodes as scripts take them: `,a,b,`.
  struct Lists: Sendable {
    /// Those that live.
    let live: String
    /// Those that are dead and not seen to.
    let waiting: String
    /// Both: their entries keep a user online.
    var known: String { live + waiting }
  }

  let node: NodeID
  private let state: Mutex<State>

  init(_ node: NodeID) {
    self.node = node
    state = Mutex(State(live: [node], lists: Lists(live: ",\(node),", waiting: ",")))
  }

  /// The other nodes that live.
  var others: Set<NodeID> { state.withLock { $0.live }.subtracting([node]) }

  /// The dead nodes whose users have not been seen to.
  var waiting: Set<NodeID> { state.withLock { $0.waiting } }

  var lists: Lists { state.withLock { $0.lists } }

  /// Takes what the set of leases says.
  func update(live: Set<NodeID>, waiting: Set<NodeID>) {
    let live = live.union([node])
    let lists = Lists(live: Self.list(live), waiting: Self.list(waiting))
    state.withLock { $0 = State(live: live, waiting: waiting, lists: lists) }
  }

  /// Forgets a dead node that was seen to.
  func forget(_ dead: NodeID) {
    let (live, waiting) = state.withLock { ($0.live, $0.waiting.subtracting([dead])) }
    update(live: live, waiting: waiting)
  }

  private static func list(_ nodes: Set<NodeID>) -> String {
    nodes.reduce(into: ",") { $0 += "\($1)," }
  }
}

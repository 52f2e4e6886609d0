import Pipeline
import Services

/// A field of a user's hash that stands for a device: `NODE:CONNECTION`, both in hexadecimal digits.
struct DeviceEntry: Hashable, Sendable {
  let node: NodeID
  let device: ConnectionID

  init(node: NodeID, device: ConnectionID) {
    self.node = node
    self.device = device
  }

  /// The device that a field stands for; `nil` of other fields.
  init?(field: String) {
    let parts = field.split(separator: ":")
    guard parts.count == 2, let node = NodeID(String(parts[0])), let device = UInt64(parts[1], radix: 16)
    else {
      return nil
    }
    self.init(node: node, device: ConnectionID(rawValue: device))
  }

  var field: String { "\(node):\(String(device.rawValue, radix: 16))" }

  /// The node of a device's field; `nil` of other fields.
  static func node(of field: String) -> NodeID? {
    field.firstIndex(of: ":").flatMap { NodeID(String(field[..<$0])) }
  }
}

/// What a user's hash says.
struct UserHash: Sendable {
  /// The nodes that hold devices of the user, dead ones included.
  private(set) var nodes: Set<NodeID> = []
  /// The node that sees to the end of the user's grace period, while there is one.
  private(set) var holder: NodeID?
  /// The last sign of life that was noted.
  private(set) var seen: Timestamp?

  /// Reads the answer to `HGETALL`.
  init(_ reply: RESPValue) {
    let words = reply.elements
    for index in stride(from: 0, to: words.count - 1, by: 2) {
      guard let field = words[index].text else { continue }
      switch field {
      case "gone":
        holder = words[index + 1].text?.split(separator: ":").last.flatMap { NodeID(String($0)) }
      case "seen": seen = words[index + 1].integer.map { Timestamp(milliseconds: $0) }
      default: if let node = DeviceEntry.node(of: field) { nodes.insert(node) }
      }
    }
  }

  /// Whether a node has to see to the user.
  func concerns(_ node: NodeID) -> Bool { nodes.contains(node) || holder == node }
}

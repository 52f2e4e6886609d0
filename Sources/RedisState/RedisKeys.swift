import Services

/// What the keys and channels are called. What one script touches shares a hash tag, so that it is in one slot of a
/// cluster.
///
/// | key | what |
/// | --- | --- |
/// | `NS:l:SCOPE:{SUBJECT}` | a debt of a rate limit, until it is worked off |
/// | `NS:d:SCOPE:N:{SENDER}TEMP` | what became of a send; N is the length of SENDER, so that no two sends share a key |
/// | `NS:u:{USER}` | a hash: the devices of a user, their grace period, their last sign of life |
/// | `NS:n:{NODE}` | a set: the users whom a node has to see to |
/// | `NS:{nodes}` | a sorted set: nodes by the end of their leases |
/// | `NS:{nodes}:NODE` | who sees to the estate of a dead node |
/// | `NS:c:{NODE}` | the channel that a node listens on |
struct RedisKeys: Sendable {
  private let namespace: String

  init(_ namespace: String) { self.namespace = namespace }

  func limit(_ request: AdmissionRequest) -> String { "\(namespace):l:\(request.scope):{\(request.subject)}" }

  func send(_ key: SendKey) -> String {
    "\(namespace):d:\(key.scope):\(key.senderID.utf8.count):{\(key.senderID)}\(key.tempID)"
  }

  func user(_ user: String) -> String { "\(namespace):u:{\(user)}" }

  func users(of node: NodeID) -> String { "\(namespace):n:{\(node)}" }

  var leases: String { "\(namespace):{nodes}" }

  func claim(on node: NodeID) -> String { "\(namespace):{nodes}:\(node)" }

  func channel(of node: NodeID) -> String { "\(namespace):c:{\(node)}" }
}

/// How a load's client speaks to its server: pure, payloads of WebSocket frames in and out. A value for each client,
/// since some protocols count what a connection has carried.
protocol BenchWire {
  /// The target of the WebSocket's handshake.
  var target: String { get }
  /// The subprotocol that the handshake asks for.
  var subprotocol: String? { get }
  /// The token that the handshake carries.
  var bearer: String? { get }
  /// Whether its frames are text.
  var isText: Bool { get }

  /// Says what is to be said first, once the WebSocket is open.
  mutating func open(_ frames: inout ClientFrames)

  /// Sends a message.
  ///
  /// - Parameter number: What the answer tells it by: each one higher than the last.
  mutating func send(_ number: Int, to receiver: String, _ content: String, _ frames: inout ClientFrames)

  /// Says that a message was delivered and read.
  mutating func confirm(_ id: String, _ frames: inout ClientFrames)

  /// Asks for what has changed since a cursor; only where ``WireKind/hasSync`` says that the protocol has it.
  mutating func sync(from cursor: String, limit: Int, _ frames: inout ClientFrames)

  /// Takes a frame's payload in: answers what the protocol wants answered, and adds what a load looks at.
  mutating func receive(_ payload: [UInt8], _ frames: inout ClientFrames, _ found: inout [BenchIncoming])
}

extension BenchWire {
  var subprotocol: String? { nil }
  var bearer: String? { nil }
  var isText: Bool { true }
  mutating func open(_ frames: inout ClientFrames) {}
  mutating func confirm(_ id: String, _ frames: inout ClientFrames) {}
  mutating func sync(from cursor: String, limit: Int, _ frames: inout ClientFrames) {}
}

/// What a load's client has been told.
enum BenchIncoming: Equatable {
  /// The server knows the client: it may send.
  case ready
  /// Where a sync that misses nothing from now on begins; comes before `ready`.
  case cursor(String)
  /// The server has taken the message of this number.
  case acknowledged(Int)
  /// A message of another has come; `id` is what the server tells it by, where that is needed.
  case delivered(content: ArraySlice<UInt8>, id: String?)
  /// The server has not taken something; `number` says which message, where it does.
  case refused(number: Int?, code: String, retryAfterMs: Int?)
  /// A receipt of this client has been answered.
  case receipt
  /// Another has come or gone.
  case presence(PresenceNews)
  /// What a sync has found, or a part of it.
  case synced(SyncPage)
  /// The server wants no more of this client.
  case ended(String)
}

/// What one loop's gateway has counted.
struct GatewayCounters: Sendable {
  var connections = 0
  var accepted: UInt64 = 0
  /// Connections that were cut off at once, since there were too many.
  var refusedConnections: UInt64 = 0
  var framesIn: UInt64 = 0
  var framesOut: UInt64 = 0
  var requests: UInt64 = 0
  /// By code, each of them from the start: a series that begins at 1 shows no rise.
  var closes = Dictionary(uniqueKeysWithValues: CloseCode.allCases.map { ($0.code, UInt64(0)) })

  mutating func countClose(_ code: CloseCode) { closes[code.code, default: 0] += 1 }

  mutating func add(_ other: GatewayCounters) {
    connections += other.connections
    accepted += other.accepted
    refusedConnections += other.refusedConnections
    framesIn += other.framesIn
    framesOut += other.framesOut
    requests += other.requests
    closes.merge(other.closes, uniquingKeysWith: +)
  }
}

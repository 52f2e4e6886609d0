import Pipeline
import RedisState
import Services

/// The calls of the state, awaited.
extension RedisState {
  func admit(_ requests: [AdmissionRequest]) async throws -> [Admission] {
    try await withCheckedContinuation { next in admit(requests) { next.resume(returning: $0) } }.get()
  }

  func recall(_ keys: [SendKey]) async throws -> [SentMessage?] {
    try await withCheckedContinuation { next in recall(keys) { next.resume(returning: $0) } }.get()
  }

  func arrive(_ user: String, _ device: UInt64) async throws -> Bool {
    try await arrive(user, device, limit: 100).cameOnline
  }

  func arrive(_ user: String, _ device: UInt64, limit: Int) async throws -> Arrival {
    try await withCheckedContinuation { next in
      arrive(user, device: ConnectionID(rawValue: device), limit: limit) { next.resume(returning: $0) }
    }.get()
  }

  func depart(_ user: String, _ device: UInt64) async throws -> Bool {
    try await withCheckedContinuation { next in
      depart(user, device: ConnectionID(rawValue: device)) { next.resume(returning: $0) }
    }.get()
  }

  func lapse(_ user: String, after grace: Duration) async throws -> Timestamp? {
    try await withCheckedContinuation { next in lapse(user, after: grace) { next.resume(returning: $0) } }
      .get()
  }

  func presence(of users: [String]) async throws -> [PresenceRecord] {
    try await withCheckedContinuation { next in presence(of: users) { next.resume(returning: $0) } }.get()
  }

  func nodes(holding users: [String]) async throws -> [[NodeID]] {
    try await withCheckedContinuation { next in nodes(holding: users) { next.resume(returning: $0) } }.get()
  }

  func send(_ frames: [(node: NodeID, bytes: [UInt8])]) async -> Bool {
    await withCheckedContinuation { next in send(frames) { next.resume(returning: $0) } }
  }

  /// What is wrong, or `nil`.
  func readiness() async -> String? {
    await withCheckedContinuation { next in ready { next.resume(returning: $0) } }
  }
}

package import Pipeline
package import Services

/// A store's calls for tests that wait for the answer.
extension Store {
  package func write(_ writes: [StoreWrite]) async -> [WriteResult] {
    await withCheckedContinuation { continuation in write(writes) { continuation.resume(returning: $0) } }
  }

  package func sync(_ request: SyncRequest) async throws -> SyncPage {
    try await answer { sync(request, then: $0) }
  }

  package func peers(of users: [String], limit: Int = 100) async throws -> [[String]] {
    try await answer { peers(of: users, limit: limit, then: $0) }
  }

  package func conversations(
    of user: String, before: MessageID? = nil, limit: Int = 100
  ) async throws -> Page<Conversation> {
    try await answer { conversations(of: user, before: before, limit: limit, then: $0) }
  }

  package func history(
    of user: String, with peer: String, before: MessageID? = nil, limit: Int
  ) async throws -> Page<StoredMessage> {
    try await answer { history(of: user, with: peer, before: before, limit: limit, then: $0) }
  }

  package func search(_ request: SearchRequest) async throws -> [StoredMessage]? {
    try await answer { search(request, then: $0) }
  }

  package func links(of user: String) async throws -> [Link] {
    try await answer { links(of: user, then: $0) }
  }

  package func permits(_ requests: [PermitRequest], audience: Audience) async throws -> [Bool] {
    try await answer { permits(requests, audience: audience, then: $0) }
  }

  package func name(of user: String) async throws -> String? { try await answer { name(of: user, then: $0) } }

  package func devices(of user: String) async throws -> [Device] {
    try await answer { devices(of: user, then: $0) }
  }

  package func undecidedPushes(
    notBefore oldest: MessageID, limit: Int = 100
  ) async throws -> [UndecidedPush] {
    try await answer { undecidedPushes(notBefore: oldest, limit: limit, then: $0) }
  }

  package func takePushes(
    service: String = "fcm", limit: Int = 100, at moment: Timestamp, leasedUntil lease: Timestamp
  ) async throws -> [PushJob] {
    try await answer {
      takePushes(service: service, limit: limit, at: moment, leasedUntil: lease, then: $0)
    }
  }

  package func pushBacklog(service: String = "fcm", upTo limit: Int = 1000) async throws -> PushBacklog {
    try await answer { pushBacklog(service: service, upTo: limit, then: $0) }
  }

  package func revocations() async throws -> [Revocation] { try await answer { revocations(then: $0) } }

  package func deadLetters(after: Int64? = nil, limit: Int = 100) async throws -> [DeadLetterSummary] {
    try await answer { deadLetters(after: after, limit: limit, then: $0) }
  }

  package func deadLetter(_ id: Int64) async throws -> StoredDeadLetter? {
    try await answer { deadLetter(id, then: $0) }
  }

  package func deadLetterCount(upTo limit: Int) async throws -> Int {
    try await answer { deadLetterCount(upTo: limit, then: $0) }
  }

  private func answer<Value: Sendable>(
    _ ask: (@escaping @Sendable (Result<Value, StoreError>) -> Void) -> Void
  ) async throws -> Value {
    try await withCheckedContinuation { continuation in ask { continuation.resume(returning: $0) } }.get()
  }
}

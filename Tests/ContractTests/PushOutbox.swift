import Pipeline
package import Services

/// A store whose outbox is looked at: what is asked of it by default concerns the service `fcm` and the user `b`.
package struct PushOutbox: Sendable {
  package let store: any Store
  /// A moment at which all is due that was kept without another.
  let now = EngineClock.system.wall() + .seconds(3600)

  package init(_ store: any Store) { self.store = store }

  @discardableResult
  func write(_ writes: [StoreWrite]) async -> [WriteResult] { await store.write(writes) }

  func register(_ tokens: String..., user: String = "b") async {
    await write(tokens.map { .addDevice(Device(userID: user, token: $0, platform: "android")) })
  }

  func push(_ messages: NewMessage..., to receiver: String = "b") async { await push(messages, to: receiver) }

  func push(_ messages: [NewMessage], to receiver: String = "b") async {
    await write(messages.map { .push(DuePush($0.id, to: receiver, service: "fcm", reach: .devices)) })
  }

  /// Takes jobs, so many seconds after ``now``, for half a minute.
  func take(service: String = "fcm", limit: Int = 100, after seconds: Int64 = 0) async throws -> [PushJob] {
    let moment = now + .seconds(seconds)
    return try await store.takePushes(
      service: service, limit: limit, at: moment, leasedUntil: moment + .seconds(30))
  }

  func settle(_ jobs: [PushJob], _ outcome: PushOutcome) async {
    await write(jobs.map { .pushOutcome($0.id, lease: $0.lease, outcome) })
  }

  /// Writes a node's mark.
  package func mark(
    _ decided: MessageID, of node: UInt64 = 1, service: String = "fcm", holding: [UInt64] = [],
    dropping oldest: MessageID = MessageID(rawValue: 0)
  ) async {
    let mark = PushMark(of: NodeID(rawValue: node), decided: decided)
    let held = holding.map { NodeID(rawValue: $0) }
    await write([.pushesDecided(PushMarking(service: service, mark: mark, holding: held, dropping: oldest))])
  }

  /// Takes over marks, by default whatever their age.
  package func takeMarks(by node: UInt64, service: String = "fcm", unrenewedFor age: Duration = .zero) async
    -> [PushMark]
  {
    let take = StoreWrite.takePushMarks(
      service: service, by: NodeID(rawValue: node), unrenewedFor: age)
    guard case .marks(let marks) = await write([take]).first else { return [] }
    return marks
  }

  /// Ends marks.
  package func end(_ nodes: UInt64..., by node: UInt64, _ end: PushMarkEnd) async {
    let marks = nodes.map { NodeID(rawValue: $0) }
    await write([.endPushMarks(service: "fcm", of: marks, by: NodeID(rawValue: node), end)])
  }

  func close() async { await store.close() }
}

import Pipeline
import Services

/// A store whose outbox is looked at: what is asked of it by default concerns the service `fcm` and the user `b`.
struct PushOutbox: Sendable {
  let store: any Store
  /// A moment at which all is due that was kept without another.
  let now = EngineClock.system.wall() + .seconds(3600)

  init(_ store: any Store) { self.store = store }

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

  func close() async { await store.close() }
}

public import Pipeline
public import Services
import Testing

/// What an outbox does not keep for ever.
extension StoreContract {
  /// Jobs for messages of more than four weeks ago go, also those of a service that is in no chain any more.
  ///
  /// - Parameter open: Opens one and the same database.
  public func dropsForgottenPushes(in open: @Sendable () async throws -> any Store) async throws {
    let before = PushOutbox(try await open())
    await before.register("phone")
    let end = EngineClock.system.wall() + (.zero - PushBacklog.longestWait)
    let sent = [-60, 60].enumerated().map { number, seconds in
      NewMessage(
        id: .lowest(at: end + .seconds(seconds)), senderID: "a", tempID: "\(number)", receiverID: "b",
        content: "")
    }
    await before.write(sent.map { .message($0) })
    await before.push(sent)
    for message in sent {
      await before.write([.push(DuePush(message.id, to: "b", service: "gone", reach: .user))])
    }
    await before.close()
    let after = PushOutbox(try await open())
    for service in ["fcm", "gone"] {
      let deadline = ContinuousClock.now + .seconds(30)
      while try await after.store.pushBacklog(service: service).count > 1, .now < deadline {
        // Some stores keep house when they commit.
        await after.write([.removeDevices(of: "nobody", token: nil)])
      }
      #expect(try await after.take(service: service).map(\.id.messageID) == [sent[1].id])
    }
    await after.close()
  }

  /// Devices go when nobody has registered them for long, and no others; to register one again keeps it.
  ///
  /// - Parameters:
  ///   - retention: How long the store keeps them.
  ///   - open: Opens one and the same database, with a clock.
  public func dropsOldDevices(
    after retention: Duration, in open: @Sendable (EngineClock) async throws -> any Store
  ) async throws {
    let system = EngineClock.system
    let before = try await open(
      EngineClock(monotonic: system.monotonic, wall: { system.wall() + (.zero - retention) + .seconds(-60) }))
    let devices = ["old", "again"].map { Device(userID: "b", token: $0) }
    _ = await before.write(devices.map { .addDevice($0) })
    await before.close()
    let meanwhile = try await open(
      EngineClock(monotonic: system.monotonic, wall: { system.wall() + (.zero - retention) + .seconds(60) }))
    _ = await meanwhile.write([.addDevice(Device(userID: "b", token: "again"))])
    #expect(try await meanwhile.devices(of: "b").map(\.token) == ["again", "old"])
    await meanwhile.close()
    let store = try await open(system)
    let deadline = ContinuousClock.now + .seconds(30)
    while try await store.devices(of: "b").count > 1, .now < deadline {
      // Some stores keep house when they commit.
      _ = await store.write([.removeDevices(of: "nobody", token: nil)])
    }
    #expect(try await store.devices(of: "b").map(\.token) == ["again"])
    await store.close()
  }
}

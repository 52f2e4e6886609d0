import MemoryState
import Pipeline

import PipelineTestKit
import Services
import Stages
import Testing

@Suite("presence tells peers who is there")
struct PresenceTests {
  private let fixture: StageFixture

  init() throws { fixture = try StageFixture() }

  /// A chain in which alice and bob have a message with each other, and bob is connected.
  private func chain() async throws -> TestChain {
    let configuration = PresenceConfiguration(offlineAfter: ConfigDuration("10s"))
    let chain = TestChain(
      [
        try await fixture.stage(Persist.self, PersistConfiguration()),
        try await fixture.stage(Presence.self, configuration),
      ], clock: fixture.clock.clock)
    _ = await chain.send(.newMessage, ["tempId": "t", "receiverId": "bob", "content": "hi"])
    fixture.router.connect("bob")
    return chain
  }

  private func status(_ delivery: Delivery) -> String? {
    (try? EventData(json: Array(delivery.event.data)))?.string("status")
  }

  @Test("The first device makes a user online, the last one gone offline after the grace period")
  func comesAndGoes() async throws {
    let chain = try await chain()
    let (phone, laptop) = (chain.connect(), chain.connect())
    phone.send(.connect)
    let online = await fixture.router.nextDeliveries()
    #expect(online.map(\.userID) == ["bob"] && online.map(status) == ["online"])
    laptop.send(.connect)
    phone.send(.disconnect)
    #expect(fixture.scheduler.runAll().isEmpty)
    laptop.send(.disconnect)
    fixture.clock.advance(by: .seconds(10))
    #expect(fixture.scheduler.runAll() == [.seconds(10)])
    let offline = await fixture.router.nextDeliveries()
    #expect(offline.map(\.userID) == ["bob"] && offline.map(status) == ["offline"])
  }

  @Test("Who comes back within the grace period was never away")
  func pageReload() async throws {
    let chain = try await chain()
    let page = chain.connect()
    page.send(.connect)
    _ = await fixture.router.nextDeliveries()
    page.send(.disconnect)
    let reloaded = chain.connect()
    reloaded.send(.connect)
    fixture.clock.advance(by: .seconds(10))
    fixture.scheduler.runAll()
    let isOnline = await withCheckedContinuation { continuation in
      fixture.state.presence(of: ["alice"]) { continuation.resume(returning: try? $0.get().first?.isOnline) }
    }
    #expect(isOnline == true)
    #expect(fixture.router.deliveries.isEmpty)
  }

  @Test("Strangers hear nothing")
  func strangers() async throws {
    let chain = try await chain()
    fixture.router.connect("eve")
    chain.connect().send(.connect)
    #expect(await fixture.router.nextDeliveries().map(\.userID) == ["bob"])
  }
}

import Dispatch
import Logging
import Pipeline
import PipelineTestKit
import SQLiteStore
import Services
import Testing

@testable import Stages

@Suite("Telling of changes of presence")
struct PresenceAnnouncerTests {
  @Test("What changes while others are told of is told together, of each user the last change only")
  func coalesced() async throws {
    let fixture = try StageFixture()
    let ids = MessageIDGenerator()
    await fixture.write(
      ["ann", "ben", "cat"].map { user in
        .message(NewMessage(id: ids.next(), senderID: user, tempID: "1", receiverID: "zoe", content: "hi"))
      })
    fixture.router.connect("zoe")
    let announcer = PresenceAnnouncer(
      store: fixture.store, router: fixture.router, limit: 10,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    // Until the gate opens, the store's reader answers nothing else.
    let gate = DispatchSemaphore(value: 0)
    fixture.store.peers(of: ["zoe"], limit: 1) { _ in gate.wait() }
    let now = fixture.clock.clock.wall()
    announcer.announce(.online, "ann", lastSeen: now)
    announcer.announce(.online, "ben", lastSeen: now)
    announcer.announce(.online, "cat", lastSeen: now)
    announcer.announce(.offline, "ben", lastSeen: now)
    gate.signal()
    var told: [String] = []
    while told.count < 3 {
      told += await fixture.router.nextDeliveries().map { delivery in
        let data = try? EventData(json: Array(delivery.event.data))
        return "\(data?.string("userId") ?? "") \(data?.string("status") ?? "")"
      }
    }
    #expect(told == ["ann online", "ben offline", "cat online"])
    // What comes later is told of again.
    announcer.announce(.online, "ben", lastSeen: now)
    #expect(await fixture.router.nextDeliveries().count == 1)
  }
}

import Pipeline
import PipelineTestKit
import SQLiteStore
import Services
import Synchronization
import Testing

@testable import Stages

@Suite("Which messages are due a push")
final class FcmTests {
  private let fixture: StageFixture
  private let fcm: Fcm
  private let chain: TestChain
  private let outbox = Sent()

  init() async throws {
    fixture = try StageFixture()
    await fixture.write([.addDevice(Device(userID: "bob", token: "t", platform: nil))])
    fcm = try await Fcm(FcmConfiguration(), fixture.context(for: Fcm.self))
    chain = TestChain(
      [
        try await fixture.stage(Persist.self, PersistConfiguration()), ChainStage(fcm),
        ChainStage(Accepting()),
      ], clock: fixture.clock.clock)
  }

  @discardableResult
  private func say(_ tempID: String, to receiver: String = "bob") async -> String? {
    await chain.send(.newMessage, ["tempId": tempID, "receiverId": receiver, "content": "hi"]).text(
      "messageId")
  }

  /// Lets time pass, second by second, as the scheduler would.
  private func wait(seconds: Int) {
    for _ in 0..<seconds {
      fixture.clock.advance(by: .seconds(1))
      fixture.scheduler.runAll()
    }
  }

  /// What has been due, as a service would have sent it: each job is taken and done with.
  private func due() async throws -> [String] {
    // Behind whatever the stage has written.
    await fixture.write([])
    let now = fixture.clock.clock.wall()
    while true {
      // Of one conversation one is given at a time.
      let jobs = try await withCheckedThrowingContinuation { continuation in
        fixture.store.takePushes(service: "fcm", limit: 100, at: now, leasedUntil: now + .seconds(1)) {
          continuation.resume(with: $0)
        }
      }
      guard !jobs.isEmpty else { return outbox.ids.withLock { $0 } }
      await fixture.write(jobs.map { .pushOutcome($0.id, lease: $0.lease, .done) })
      outbox.ids.withLock { $0 += jobs.map(\.id.messageID.description) }
    }
  }

  @Test(
    "What waits for a decision belongs to no generation: a stage that takes over goes on with it, as it is configured"
  )
  func takenOver() async throws {
    fcm.activate()
    fixture.liveness.connect("bob")
    let id = await say("1")
    let next = try await Fcm(
      FcmConfiguration(after: ConfigDuration("30s")), fixture.context(for: Fcm.self, predecessor: fcm))
    next.activate()
    await fcm.shutDown()
    wait(seconds: 20)
    #expect(try await due() == [])
    wait(seconds: 20)
    #expect(try await due() == [id])
  }

  @Test("A stage that never came into force ends nothing")
  func givenUp() async throws {
    fcm.activate()
    fixture.liveness.connect("bob")
    let id = await say("1")
    let next = try await Fcm(FcmConfiguration(), fixture.context(for: Fcm.self, predecessor: fcm))
    await next.shutDown()
    wait(seconds: 20)
    #expect(try await due() == [id])
  }

  @Test("The absent are due one at once, once a message, and only where they have a phone")
  func absent() async throws {
    let id = await say("1")
    await say("1")
    await say("2", to: "carol")
    await say("3", to: "alice")
    #expect(try await due() == [id])
  }

  @Test("The connected are asked for a sign of life at half the time, and are due one where they give none")
  func silent() async throws {
    fixture.liveness.connect("bob")
    let id = await say("1")
    wait(seconds: 4)
    #expect(fixture.liveness.probes.isEmpty)
    wait(seconds: 2)
    #expect(fixture.liveness.probes.flatMap(\.self) == ["bob"])
    #expect(try await due().isEmpty)
    wait(seconds: 5)
    #expect(try await due() == [id])
  }

  @Test("Who gives a sign of life after the delivery is due none; one from before it is none")
  func alive() async throws {
    fixture.liveness.connect("bob")
    fixture.liveness.hear("bob", at: fixture.clock.clock.monotonic())
    fixture.clock.advance(by: .seconds(1))
    let first = await say("1")
    wait(seconds: 12)
    #expect(try await due() == [first])
    await say("2")
    wait(seconds: 3)
    fixture.liveness.hear("bob", at: fixture.clock.clock.monotonic())
    wait(seconds: 12)
    #expect(fixture.liveness.probes.count == 1)
    #expect(try await due() == [first])
  }

  @Test("Of those who can't be asked nothing is decided until they can be; the mark waits with them")
  func unreachable() async throws {
    fixture.liveness.connect("bob", isReachable: false)
    let id = await say("1")
    wait(seconds: 120)
    #expect(try await due().isEmpty && fixture.liveness.probes.count > 2)
    await fcm.shutDown()
    let next = try await Fcm(FcmConfiguration(), fixture.context(for: Fcm.self))
    wait(seconds: 30)
    #expect(try await due().isEmpty)
    fixture.liveness.connect("bob")
    wait(seconds: 30)
    #expect(try await due() == [id])
    await next.shutDown()
  }

  @Test("What a life has left undecided the next one decides")
  func crash() async throws {
    fixture.liveness.connect("bob")
    let seen = await say("seen")
    // The mark is written while messages come.
    wait(seconds: 5)
    fixture.liveness.hear("bob", at: fixture.clock.clock.monotonic())
    wait(seconds: 60)
    #expect(seen != nil)
    #expect(try await due().isEmpty)
    let open = await say("open")
    await fcm.shutDown()
    let next = try await Fcm(FcmConfiguration(), fixture.context(for: Fcm.self))
    wait(seconds: 12)
    #expect(try await due() == [open])
    await next.shutDown()
  }

  @Test("What was sent before a crash is decided again, and not sent again", .timeLimit(.minutes(1)))
  func restart() async throws {
    let id = await say("1")
    #expect(try await due() == [id])
    // It dies: its mark stays, and nothing of what it was to do is done. It may have written what was due, and not yet have
    // asked for its next tick.
    while fixture.scheduler.takeAll().isEmpty { await Task.yield() }
    let next = try await Fcm(FcmConfiguration(), fixture.context(for: Fcm.self))
    wait(seconds: 30)
    #expect(fixture.liveness.probes.flatMap(\.self) == ["bob"])
    #expect(try await due() == [id])
    await next.shutDown()
  }

  @Test("What is due goes to the outbox that has the name of the stage")
  func named() async throws {
    let other = try await Fcm(FcmConfiguration(), fixture.context(for: Fcm.self, name: "other"))
    let chain = TestChain(
      [
        try await fixture.stage(Persist.self, PersistConfiguration()), ChainStage(other),
        ChainStage(Accepting()),
      ], clock: fixture.clock.clock)
    _ = await chain.send(.newMessage, ["tempId": "1", "receiverId": "bob", "content": "hi"])
    #expect(try await due() == [])
    let backlog = try await withCheckedThrowingContinuation { continuation in
      fixture.store.pushBacklog(service: "other", upTo: 9) { continuation.resume(with: $0) }
    }
    #expect(backlog.count == 1)
    await other.shutDown()
  }

  @Test("With nothing to decide it asks for no time")
  func idle() async {
    await say("1")
    wait(seconds: 120)
    #expect(fixture.scheduler.runAll().isEmpty)
  }

  @Test("Its check says that nothing is sent, and bounds its times")
  func check() {
    func findings(_ configuration: FcmConfiguration) -> [ConfigurationReport.Finding] {
      var report = ConfigurationReport(setting: ChainSetting(mayMakeSecrets: true))
      Fcm.check(configuration, &report)
      return report.findings
    }
    #expect(findings(FcmConfiguration()).map(\.severity) == [.warning])
    let wrong = FcmConfiguration(after: ConfigDuration("10ms"), ttl: ConfigDuration("29d"))
    #expect(findings(wrong).compactMap(\.key) == ["after", "ttl"])
  }
}

/// The messages of which something was sent.
private final class Sent: Sendable {
  let ids = Mutex<[String]>([])
}

extension StageFixture {
  /// Makes changes, and waits for them.
  @discardableResult
  func write(_ writes: [StoreWrite]) async -> [WriteResult] {
    await withCheckedContinuation { continuation in store.write(writes) { continuation.resume(returning: $0) }
    }
  }
}

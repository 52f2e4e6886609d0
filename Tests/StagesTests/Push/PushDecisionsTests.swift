import Logging
import Pipeline
import PipelineTestKit
import Services
import Testing

@testable import Stages

@Suite("What a dead node has not decided")
struct PushDecisionsTests {
  /// One of several nodes of one store.
  private struct DecidingNode {
    let decisions: PushDecisions
    let scheduler = ManualScheduler()
    let owner = PushDecisions.Owner()

    init(_ fixture: StageFixture) async {
      decisions = PushDecisions(
        service: "fcm", reach: .user, store: fixture.store, liveness: fixture.liveness, scheduler: scheduler,
        clock: fixture.clock.clock, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        timing: PushTiming(after: .seconds(10), lifetime: .seconds(86_400)), lease: .seconds(30),
        isShared: true)
      await decisions.resume()
      decisions.adopt(by: owner, PushTiming(after: .seconds(10), lifetime: .seconds(86_400)))
    }
  }

  private let fixture: StageFixture
  private let ids: MessageIDGenerator

  init() throws {
    fixture = try StageFixture()
    ids = MessageIDGenerator(clock: fixture.clock.clock)
    fixture.liveness.connect("bob")
  }

  /// Has a node store a message to bob.
  private func say(_ tempID: String, at node: DecidingNode) async {
    let message = NewMessage(
      id: ids.next(), senderID: "alice", tempID: tempID, receiverID: "bob", content: "hi")
    await fixture.write([.message(message)])
    node.decisions.note([UndecidedPush(message.id, to: "bob")])
  }

  /// Lets time pass for nodes that live: each call is made when its time has come.
  private func wait(seconds: Int, _ nodes: DecidingNode...) async {
    for second in 1...seconds {
      fixture.clock.advance(by: .seconds(1))
      for node in nodes {
        for call in node.scheduler.takeAll() {
          let isDue = call.delay <= .seconds(1) || second % 30 == 0
          if isDue { call.work() } else { node.scheduler.after(call.delay, call.work) }
        }
      }
      // Twice, since what was read may have something to write.
      await settle()
      await settle()
    }
  }

  /// Behind whatever was asked of the store until now.
  private func settle() async {
    await fixture.write([])
    await withCheckedContinuation { continuation in
      fixture.store.undecidedPushes(notBefore: .lowest(at: fixture.clock.clock.wall()), limit: 1) { _ in
        continuation.resume()
      }
    }
  }

  /// How many pushes are due.
  private func due() async throws -> Int {
    try await withCheckedThrowingContinuation { continuation in
      fixture.store.pushBacklog(service: "fcm", upTo: 99) { continuation.resume(with: $0) }
    }.count
  }

  /// How many marks there are. Takes them.
  private func marks() async -> Int {
    let take = StoreWrite.takePushMarks(service: "fcm", by: NodeID(rawValue: 1), unrenewedFor: .zero)
    guard case .marks(let marks) = await fixture.write([take]).first else { return 0 }
    return marks.count
  }

  @Test(
    "is decided by one that lives, though that has nothing else to do; until all is written, the mark stays")
  func takenOver() async throws {
    let (dead, living) = (await DecidingNode(fixture), await DecidingNode(fixture))
    await say("1", at: dead)
    await wait(seconds: 89, living)
    #expect(try await due() == 0 && fixture.liveness.probes.isEmpty)
    await wait(seconds: 45, living)
    #expect(try await due() == 1)
    #expect(await marks() == 1)
  }

  @Test("is left alone while it renews its mark, however little it does")
  func renewed() async throws {
    let (silent, living) = (await DecidingNode(fixture), await DecidingNode(fixture))
    await wait(seconds: 150, silent, living)
    let before = fixture.liveness.probes.count
    await say("1", at: silent)
    await wait(seconds: 8, silent, living)
    // Its own question, and nobody else's.
    #expect(fixture.liveness.probes.count == before + 1)
    #expect(await marks() == 2)
  }

  @Test("goes to the next one where who took it over dies too")
  func takerDies() async throws {
    let dead = await DecidingNode(fixture)
    await say("1", at: dead)
    fixture.liveness.connect("bob", isReachable: false)
    let (taker, next) = (await DecidingNode(fixture), await DecidingNode(fixture))
    await wait(seconds: 120, taker)
    #expect(!fixture.liveness.probes.isEmpty)
    #expect(try await due() == 0)
    fixture.liveness.connect("bob")
    await wait(seconds: 130, next)
    #expect(try await due() == 1)
    #expect(await marks() == 1)
  }

  @Test("it decides itself where it only stood still, under a mark that it writes anew")
  func stoodStill() async throws {
    let (still, living) = (await DecidingNode(fixture), await DecidingNode(fixture))
    await say("1", at: still)
    await wait(seconds: 150, living)
    #expect(try await due() == 1)
    await wait(seconds: 30, still, living)
    #expect(try await due() == 1)
    #expect(await marks() == 2)
  }

  @Test("waits for nobody where it closed in order; where nothing was open, it leaves no mark")
  func closed() async throws {
    let (one, two) = (await DecidingNode(fixture), await DecidingNode(fixture))
    await one.decisions.release(by: one.owner)
    await say("1", at: two)
    await two.decisions.release(by: two.owner)
    let next = await DecidingNode(fixture)
    await wait(seconds: 12, next)
    #expect(try await due() == 1)
    #expect(await marks() == 1)
  }
}

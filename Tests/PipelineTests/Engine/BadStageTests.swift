import Glibc
import PipelineTestKit
import Synchronization
import Testing

@testable import Pipeline

private struct Mishap: Error {}

/// A stage that throws on a whole batch.
private struct Throwing: BatchStage {
  static let name = "throwing"
  init() {}
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ batch: inout EventBatch) throws { throw Mishap() }
}

/// A worker that throws on a whole batch.
private struct ThrowingWorker: WorkerStage {
  static let name = "throwing_worker"
  init() {}
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ batch: inout EventBatch) throws { throw Mishap() }
}

/// A task that throws.
private struct ThrowingTask: AsyncStage {
  static let name = "throwing_task"
  init() {}
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ event: inout Event) async throws -> Verdict { throw Mishap() }
}

/// A stage that gives batches back as the test says.
private struct GivingBack: DeferringStage {
  static let name = "giving_back"
  let give: @Sendable (EventBatch, @escaping @Sendable (EventBatch) -> Void) -> Void

  init(_ give: @escaping @Sendable (EventBatch, @escaping @Sendable (EventBatch) -> Void) -> Void) {
    self.give = give
  }
  init(_ configuration: NoConfiguration, _ context: StageContext) { give = { $1($0) } }
  func process(_ batch: EventBatch, done: @escaping @Sendable (EventBatch) -> Void) { give(batch, done) }
}

/// A worker that stands still until the test lets it go on.
private final class Stuck: WorkerStage {
  static let name = "stuck"
  static let queueLimit = 1
  let isEntered = OneShot()
  private let gate = Mutex(false)

  init() {}
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func letGo() { gate.withLock { $0 = true } }
  func process(_ batch: inout EventBatch) throws {
    isEntered.fire()
    while !gate.withLock({ $0 }) { usleep(1000) }
  }
}

@Suite("What becomes of a stage that is no good")
struct BadStageTests {
  @Test(
    "One that throws, in whatever form, fails on the event alone: its policy decides",
    arguments: [FaultPolicy.reject, .skip])
  func throwing(policy: FaultPolicy) async {
    let stages: [any Stage] = [
      Judging { _ in throw Mishap() }, Throwing(), ThrowingTask(), ThrowingWorker(),
      GivingBack { batch, done in
        var batch = batch
        batch.failAll(Mishap())
        done(batch)
      },
    ]
    for stage in stages {
      let chain = TestChain([ChainStage(stage, onError: policy), ChainStage(Judging { _ in .stop })])
      let reply = await chain.send(.newMessage)
      #expect(reply.rejection?.code == (policy == .reject ? .internal : nil))
      #expect(chain.observer.faults == ["\(type(of: stage).name): Mishap()"])
    }
  }

  @Test("One that hangs is gone on without when its time is up, and its thread holds up nobody else")
  func hanging() async {
    let now = ManualClock()
    let stuck = Stuck()
    let chain = TestChain(
      [
        ChainStage(stuck, events: .only(.newMessage), timeout: .seconds(1)),
        ChainStage(Judging { _ in .stop }),
      ],
      clock: now.clock)
    let alice = chain.connect()
    alice.send(.newMessage)
    await stuck.isEntered.wait()
    let bob = chain.connect(as: Identity(userID: "bob"))
    bob.send(.ping)
    #expect(await bob.nextReply().rejection == nil)
    now.advance(by: .seconds(1))
    chain.executor.driveDelayed()
    #expect(await alice.nextReply().rejection?.code == .timeout)
    stuck.letGo()
    await chain.engine.chain.shutDown()
  }

  @Test("One whose queue is full fails on what comes beyond, at once")
  func overfull() async {
    let stuck = Stuck()
    let chain = TestChain([stuck, Judging { _ in .stop }])
    chain.connect().send(.newMessage)
    await stuck.isEntered.wait()
    let waiting = chain.connect()
    waiting.send(.newMessage)
    #expect(await chain.send(.newMessage).rejection?.code == .unavailable)
    #expect(waiting.takeReplies().isEmpty)
    stuck.letGo()
    #expect(await waiting.nextReply().rejection == nil)
    await chain.engine.chain.shutDown()
  }

  @Test("One that keeps the event loop is told of")
  func holdingTheLoop() {
    let now = ManualClock()
    let stages: [any Stage] = [
      Judging { _ in
        now.advance(by: .milliseconds(100))
        return .continue
      },
      GivingBack { batch, done in
        now.advance(by: .milliseconds(100))
        done(batch)
      },
      GivingBack { _, _ in now.advance(by: .milliseconds(100)) },
    ]
    for stage in stages {
      let chain = TestChain([ChainStage(stage)], clock: now.clock)
      chain.connect().send(.newMessage)
      #expect(chain.observer.holds == ["\(type(of: stage).name): 100 ms"])
    }
    let quick = TestChain(
      [
        ChainStage(
          Judging { _ in
            now.advance(by: .milliseconds(99))
            return .continue
          })
      ], clock: now.clock)
    quick.connect().send(.newMessage)
    #expect(quick.observer.holds.isEmpty)
  }

  @Test("One that gives events back twice is heard once, and told of", arguments: [true, false])
  func answeringTwice(atOnce: Bool) {
    let held = Mutex<[@Sendable () -> Void]>([])
    let stage = GivingBack { batch, done in
      var other = batch
      other.failAll(Mishap())
      let (first, second) = (batch, other)
      let give: @Sendable () -> Void = {
        done(first)
        done(second)
      }
      if atOnce { give() } else { held.withLock { $0.append(give) } }
    }
    let chain = TestChain([stage, Judging { _ in .stop }])
    let client = chain.connect()
    client.send(.newMessage)
    chain.executor.drive { for give in held.withLock({ $0 }) { give() } }
    #expect(client.takeReplies().map { $0.rejection?.code } == [nil])
    #expect(chain.observer.faults.isEmpty)
    #expect(chain.observer.inVain == ["giving_back"])
    #expect(chain.engine.eventsInFlight == 0)
  }

  @Test("One that answers an event twice is taken at its last word")
  func lastAnswer() async {
    let chain = TestChain([
      Judging { event in
        event.answer(OutgoingEvent(.ack))
        event.answer(OutgoingEvent(.pong))
        return .stop
      }
    ])
    let client = chain.connect()
    client.send(.newMessage)
    #expect(client.takeReplies().map(\.event.type) == [.pong])
  }

  @Test("One that gives back other events than it was given has failed on those", arguments: [true, false])
  func otherEvents(atOnce: Bool) async {
    let held = Mutex<[@Sendable () -> Void]>([])
    let swaps: [@Sendable (EventBatch) -> EventBatch] = [
      { _ in EventBatch([]) }, { EventBatch([$0[0]]) }, { EventBatch([$0[1], $0[0]]) },
    ]
    for swap in swaps {
      let stage = GivingBack { batch, done in
        if atOnce { done(swap(batch)) } else { held.withLock { $0.append { done(swap(batch)) } } }
      }
      let chain = TestChain([stage])
      let client = chain.connect()
      client.send([(.newMessage, EventData(), "1"), (.newMessage, EventData(), "2")])
      chain.executor.drive {
        for give in held.withLock({ held in
          defer { held = [] }
          return held
        }) { give() }
      }
      #expect(client.takeReplies().map(\.rejection?.code) == [.internal, .internal])
      #expect(
        chain.observer.faults
          == Array(repeating: "giving_back: the stage gave back other events than it was given", count: 2))
      #expect(chain.engine.eventsInFlight == 0)
    }
  }

  @Test("One that needs a service which the process does not have is not started, and says which")
  func missingService() async {
    enum Key: ServiceKey { typealias Service = Int }
    #expect(throws: StageStartError.self) { try TestChain.context(for: Throwing.self).require(Key.self) }
    let error = #expect(throws: StageStartError.self) {
      try TestChain.context(for: Throwing.self).require(Key.self)
    }
    #expect(
      error?.description == "stage 'throwing' needs the service Int, which this process does not have")
  }
}

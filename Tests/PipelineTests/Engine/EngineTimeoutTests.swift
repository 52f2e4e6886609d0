import PipelineTestKit
import Synchronization
import Testing

@testable import Pipeline

@Suite("The engine does not wait for ever")
struct EngineTimeoutTests {
  private let now = ManualClock()

  private func chain(_ stages: [ChainStage]) -> TestChain { TestChain(stages, clock: now.clock) }

  @Test(
    "Before the commit point an event goes on without the stage or is refused, as its policy says",
    arguments: [(FaultPolicy.skip, nil), (.reject, ErrorCode.timeout)])
  func beforeTheCommit(policy: FaultPolicy, code: ErrorCode?) {
    let holding = Holding()
    let chain = chain([
      ChainStage(holding, timeout: .seconds(1), onError: policy), ChainStage(Judging { _ in .stop }),
    ])
    let client = chain.connect()
    client.send(.newMessage, ref: "1")
    now.advance(by: .milliseconds(999))
    chain.executor.driveDelayed()
    #expect(client.takeReplies().isEmpty)
    now.advance(by: .milliseconds(1))
    chain.executor.driveDelayed()
    #expect(client.takeReplies().map(\.rejection?.code) == [code])
    #expect(chain.engine.figures[0].timeouts == 1)
    // What comes back after all changes nothing.
    chain.executor.drive { holding.giveBack() }
    #expect(client.takeReplies().isEmpty)
    #expect(chain.engine.eventsInFlight == 0)
  }

  @Test(
    "At the commit point the sender hears TIMEOUT, and the event keeps its place until the outcome is known")
  func atTheCommit() {
    let holding = Holding()
    let effects = Mutex(0)
    let chain = chain([
      ChainStage(
        holding, events: .only(.newMessage), timeout: .seconds(1),
        requirements: Requirements(gives: [.durableID])),
      ChainStage(
        Judging { event in
          effects.withLock { $0 += 1 }
          return .stop
        }),
    ])
    let client = chain.connect()
    client.send(.newMessage, ref: "1")
    now.advance(by: .seconds(1))
    chain.executor.driveDelayed()
    #expect(client.takeReplies().map(\.rejection?.code) == [.timeout])
    client.send(.ping, ref: "2")
    #expect(client.takeReplies().isEmpty)
    chain.executor.drive { holding.giveBack { $0[0].answer(OutgoingEvent(.messageSent)) } }
    #expect(client.takeReplies().map(\.name) == ["2"])
    #expect(effects.withLock { $0 } == 2)
    #expect(holding.settlements.map(\.ending) == [.committed])
  }

  @Test("A task whose time is up is cancelled")
  func cancellation() async {
    let started = OneShot()
    let cancelled = OneShot()
    let chain = chain([
      ChainStage(Cancellable(started: started, cancelled: cancelled), timeout: .seconds(1))
    ])
    let client = chain.connect()
    client.send(.newMessage)
    await started.wait()
    now.advance(by: .seconds(2))
    chain.executor.driveDelayed()
    #expect(client.takeReplies().map(\.rejection?.code) == [.timeout])
    await cancelled.wait()
  }
}

/// A stage that never ends of itself.
private struct Cancellable: AsyncStage {
  static let name = "cancellable"
  let started: OneShot
  let cancelled: OneShot

  init(started: OneShot, cancelled: OneShot) {
    self.started = started
    self.cancelled = cancelled
  }
  init(_ configuration: NoConfiguration, _ context: StageContext) {
    self.init(started: OneShot(), cancelled: OneShot())
  }

  func process(_ event: inout Event) async throws -> Verdict {
    let end = OneShot()
    await withTaskCancellationHandler {
      started.fire()
      await end.wait()
    } onCancel: {
      cancelled.fire()
      end.fire()
    }
    return .continue
  }
}

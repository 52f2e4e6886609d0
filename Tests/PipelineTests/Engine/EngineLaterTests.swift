import PipelineTestKit
import Synchronization
import Testing

@testable import Pipeline

/// Decides at once but about `AUTH`, which waits until the test lets it go.
private final class Deciding: BatchStage {
  static let name = "deciding"
  private let gate = Mutex<[CheckedContinuation<Verdict, Never>]>([])
  private let order = Mutex<[String]>([])

  init() {}
  init(_ configuration: NoConfiguration, _ context: StageContext) {}

  /// The refs in the order in which the stage has decided about them.
  var seen: [String] { order.withLock { $0 } }

  func process(_ batch: inout EventBatch) {
    var waiting: Set<ConnectionID> = []
    for index in batch.indices {
      if waiting.contains(batch[index].connection.id) {
        batch.postpone(at: index)
      } else if batch[index].type == .auth {
        waiting.insert(batch[index].connection.id)
        batch.decideLater(at: index) { event in
          let verdict = await withCheckedContinuation { continuation in
            self.gate.withLock { $0.append(continuation) }
          }
          self.note(event)
          event.data.set("decided", to: "yes")
          return verdict
        }
      } else {
        note(batch[index])
      }
    }
  }

  private func note(_ event: Event) {
    order.withLock { $0.append(event.ref.map { String(decoding: $0.json, as: UTF8.self) } ?? "") }
  }

  func letGo(_ verdict: Verdict = .continue) async {
    while true {
      if let waiting = gate.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
        return waiting.resume(returning: verdict)
      }
      await Task.yield()
    }
  }
}

@Suite("An event may be decided later while its batch goes on")
struct EngineLaterTests {
  @Test("Only the later events of its connection wait, and the stage sees them after it")
  func order() async {
    let deciding = Deciding()
    let decided = Mutex<[String?]>([])
    let chain = TestChain([
      ChainStage(deciding),
      ChainStage(
        Judging { event in
          decided.withLock { $0.append(event.data.string("decided")) }
          return .stop
        }),
    ])
    let alice = chain.connect(as: Identity(userID: "alice"))
    let bob = chain.connect(as: Identity(userID: "bob"))
    alice.send([(.ping, EventData(), "1"), (.auth, EventData(), "2"), (.ping, EventData(), "3")])
    alice.send(.ping, ref: "4")
    bob.send(.ping, ref: "5")
    #expect(alice.takeReplies().map(\.name) == ["1"])
    #expect(bob.takeReplies().map(\.name) == ["5"])
    await deciding.letGo()
    var names: [String] = []
    for _ in 0..<3 { names.append(await alice.nextReply().name) }
    #expect(names == ["2", "3", "4"])
    #expect(deciding.seen == ["\"1\"", "\"5\"", "\"2\"", "\"3\"", "\"4\""])
    #expect(decided.withLock { $0 } == [nil, nil, "yes", nil, nil])
    #expect(chain.engine.eventsInFlight == 0)
    let figures = chain.engine.figures[0]
    #expect(figures.events == 5 && figures.continued == 5)
  }

  @Test("It may be refused, and then those behind it are seen all the same")
  func refused() async {
    let deciding = Deciding()
    let chain = TestChain([ChainStage(deciding), ChainStage(Judging { _ in .stop })])
    let alice = chain.connect()
    alice.send([(.auth, EventData(), "1"), (.ping, EventData(), "2"), (.auth, EventData(), "3")])
    await deciding.letGo(.reject("NO", "no"))
    let first = await alice.nextReply()
    #expect(first.name == "1" && first.rejection?.code == "NO" && first.rejection?.stage == "deciding")
    #expect(await alice.nextReply().name == "2")
    await deciding.letGo(.stop)
    #expect(await alice.nextReply().name == "3")
    #expect(chain.engine.eventsInFlight == 0)
    #expect(chain.engine.figures[0].events == 3)
  }

  @Test("What is postponed with nothing to wait for goes on")
  func postponed() {
    struct Postponing: BatchStage {
      static let name = "postponing"
      init() {}
      init(_ configuration: NoConfiguration, _ context: StageContext) {}
      func process(_ batch: inout EventBatch) { for index in batch.indices { batch.postpone(at: index) } }
    }
    let chain = TestChain([ChainStage(Postponing()), ChainStage(Judging { _ in .stop })])
    let client = chain.connect()
    client.send([(.ping, EventData(), "1"), (.ping, EventData(), "2")])
    #expect(client.takeReplies().map(\.name) == ["1", "2"])
  }

  @Test("Its time is the stage's: who is not decided by then is answered TIMEOUT")
  func timeout() async {
    let (deciding, clock) = (Deciding(), ManualClock())
    let chain = TestChain([ChainStage(deciding, timeout: .seconds(1))], clock: clock.clock)
    let client = chain.connect()
    client.send([(.auth, EventData(), "1"), (.ping, EventData(), "2")])
    clock.advance(by: .seconds(2))
    chain.executor.driveDelayed()
    #expect(client.takeReplies().map { $0.rejection?.code } == [.timeout, .unknownEvent])
    await deciding.letGo()
  }
}

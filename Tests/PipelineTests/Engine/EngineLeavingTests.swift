import PipelineTestKit
import Synchronization
import Testing

@testable import Pipeline

/// Gives batches back, at once or from another thread, with something left to do.
private struct Leaving: DeferringStage {
  static let name = "leaving"
  var isLate = false
  var rest: @Sendable (inout EventBatch) -> Void = { _ in }

  init(isLate: Bool, _ rest: @escaping @Sendable (inout EventBatch) -> Void) {
    self.isLate = isLate
    self.rest = rest
  }
  init(_ configuration: NoConfiguration, _ context: StageContext) {}

  func process(_ batch: EventBatch, done: @escaping @Sendable (EventBatch) -> Void) {
    var batch = batch
    batch.leave(rest)
    guard isLate else { return done(batch) }
    DetachedThread.start { [batch] in done(batch) }
  }
}

@Suite("What a stage leaves to the event loop")
struct EngineLeavingTests {
  @Test("is done there, once, before the next stage sees the batch", arguments: [false, true])
  func left(isLate: Bool) async throws {
    let calls = Mutex(0)
    let seen = Mutex<[String?]>([])
    let chain = TestChain([
      ChainStage(
        Leaving(isLate: isLate) { batch in
          calls.withLock { $0 += 1 }
          for index in batch.indices {
            if batch[index].ref == EventRef(json: Array("\"2\"".utf8)) {
              batch.reject("NO", "not this one", at: index)
            } else {
              batch[index].data.set("left", to: "done")
            }
          }
        }),
      ChainStage(
        Judging { event in
          seen.withLock { $0.append(event.data.string("left")) }
          return .stop
        }),
    ])
    let alice = chain.connect(as: Identity(userID: "alice"))
    alice.send([(.ping, EventData(), "1"), (.ping, EventData(), "2"), (.ping, EventData(), "3")])
    var replies: [Reply] = []
    for _ in 0..<3 { replies.append(await alice.nextReply()) }
    #expect(replies.map(\.name) == ["1", "2", "3"])
    #expect(replies.map { $0.rejection?.code.rawValue } == [nil, "NO", nil])
    #expect(seen.withLock { $0 } == ["done", "done"] && calls.withLock { $0 } == 1)
  }

  @Test("A value that is taken once is there for the first alone")
  func once() {
    let value = OnceTaken("one")
    #expect(value.take() == "one" && value.take() == nil)
  }
}

import Pipeline
import PipelineTestKit

/// Takes answers and drops them.
final class Sink: AnswerSink {
  var count = 0
  func receive(_ reply: Reply) { count += 1 }
}

@main struct Main {
  /// Only what has this in its name is measured; given as the argument.
  private static let filter = CommandLine.arguments.dropFirst().first ?? ""

  static func main() async throws {
    let frame = Array(
      #"{"type":"NEW_MESSAGE","id":"r-123456","data":{"tempId":"t-1234567890","receiverId":"user-4711","content":"Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore."}}"#
        .utf8)
    report("decode a frame of \(frame.count) bytes", runs: 5, operations: 200_000) {
      for _ in 0..<200_000 { if case .many = EventEnvelope.decode(frame) { preconditionFailure() } }
    }
    let connection = Connection(id: ConnectionID(rawValue: 1), ingress: .local, remoteAddress: "127.0.0.1")
    var events: [Event] = []
    report("make an event and drop it", runs: 5, operations: 64 * 10_000) {
      for _ in 0..<10_000 {
        for _ in 0..<64 { events.append(Event(.newMessage, connection: connection)) }
        events.removeAll(keepingCapacity: true)
      }
    }
    for batch in [64, 1] { chain(batch: batch) }
    guard filter.isEmpty || "one more stage".contains(filter) else { return }
    for batch in [64, 1] {
      try await FormBenchmarks(batch: batch).run { name, time in
        print("\(name): \((time * 10).rounded() / 10) ns")
      }
    }
  }

  /// Seven trivial stages and no socket; making, submitting and answering the event included.
  private static func chain(batch: Int) {
    let rounds = 400_000 / batch
    let executor = ManualExecutor()
    let stages = (0..<6).map { ChainStage(Trivial(), name: "trivial\($0)") } + [ChainStage(Answering())]
    let engine = Engine(chain: Chain(stages), executor: executor, observer: RecordingObserver())
    let connection = Connection(id: ConnectionID(rawValue: 1), ingress: .local, remoteAddress: "127.0.0.1")
    let sink = Sink()
    connection.sink = sink
    report("an event through seven trivial stages, batches of \(batch)", runs: 5, operations: rounds * batch)
    {
      executor.drive {
        for _ in 0..<rounds {
          for _ in 0..<batch { engine.submit(Event(.newMessage, connection: connection)) }
          engine.turn()
        }
      }
    }
    precondition(sink.count % (rounds * batch * 5) == 0, "an event was not answered")
  }

  /// Prints nanoseconds an operation: the best and the worst of some runs.
  private static func report(_ name: String, runs: Int, operations: Int, _ body: () -> Void) {
    guard filter.isEmpty || name.contains(filter) else { return }
    var times: [Double] = []
    for _ in 0..<runs {
      let start = EngineClock.system.monotonic()
      body()
      times.append(Double(EngineClock.system.monotonic() - start) / Double(operations))
    }
    let (best, worst) = (times.min() ?? 0, times.max() ?? 0)
    print("\(name): \(Int(best)) to \(Int(worst)) ns")
  }
}

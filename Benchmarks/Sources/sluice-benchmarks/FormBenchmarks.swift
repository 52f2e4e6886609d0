import Pipeline
import PipelineTestKit
import Services
import Stages

/// What one more stage costs an event, in each form: a chain with some of them less a chain without.
///
/// The stages of this package are a third party's; of the built-in ones fan-out is measured, with nothing to deliver.
struct FormBenchmarks {
  private let connections: [Connection]
  private let sink = Sink()

  /// - Parameter batch: How many events arrive together.
  init(batch: Int) {
    // Each event of a batch is another connection's, so that none waits for an older one.
    connections = (0..<batch).map {
      Connection(id: ConnectionID(rawValue: UInt64($0)), ingress: .local, remoteAddress: "127.0.0.1")
    }
    for connection in connections { connection.sink = sink }
  }

  /// Measures, and reports nanoseconds an event.
  func run(_ report: @Sendable (String, Double) -> Void) async throws {
    // What costs little is measured by many at a time.
    let forms: [(name: String, stage: any Stage, copies: Int)] = [
      ("EventStage", Trivial(), 8), ("BatchStage", TrivialBatch(), 8),
      ("DeferringStage, given back at once", TrivialDeferring(), 8),
      ("DeferringStage, built in: fan_out", try await fanOut(), 8), ("WorkerStage", TrivialWorker(), 1),
      ("AsyncStage", TrivialAsync(), 1),
    ]
    for form in forms {
      let stage = StageInstance(form.stage)
      let stages = (0..<form.copies).map { _ in ChainStage(stage) }
      var (with, without) = (Double.infinity, Double.infinity)
      for _ in 0..<7 {
        without = min(without, await time([]))
        with = min(with, await time(stages))
      }
      await stage.shutDown()
      report(
        "one more stage: \(form.name), batches of \(connections.count)",
        (with - without) / Double(form.copies))
    }
  }

  private func fanOut() async throws -> any Stage {
    try FanOut(FanOut.Configuration(), TestServices().context(for: FanOut.self))
  }

  /// Nanoseconds an event through stages and one that answers.
  private func time(_ stages: [ChainStage]) async -> Double {
    let executor = ManualExecutor()
    let engine = Engine(
      chain: Chain(stages + [ChainStage(Answering())]), executor: executor, observer: RecordingObserver())
    let rounds = 64_000 / connections.count
    let start = EngineClock.system.monotonic()
    for _ in 0..<rounds {
      let answers = sink.count + connections.count
      executor.drive {
        for connection in connections { engine.submit(Event(.messageRead, connection: connection)) }
        engine.turn()
      }
      while sink.count < answers {
        await executor.untilHandedOver()
        executor.drive()
      }
    }
    return Double(EngineClock.system.monotonic() - start) / Double(rounds * connections.count)
  }
}

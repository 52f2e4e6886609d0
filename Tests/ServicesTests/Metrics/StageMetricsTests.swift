import Pipeline
import PipelineTestKit
import Services
import Testing

@Suite("What stages count of their own")
struct StageMetricsTests {
  private let services = ServiceSet()
  private let metrics = StageMetrics()

  private func context(_ name: String) -> StageContext {
    var services = services
    services[StageMetricsKey.self] = metrics
    let made = TestChain.context(for: Sample.self, services: services)
    return StageContext(name: name, services: services, logger: made.logger, clock: made.clock)
  }

  @Test("A counter only rises; a gauge is set, rises and falls")
  func values() throws {
    let (counter, gauge) = (
      try context("a").counter("found", "Found."), try context("a").gauge("waiting", "Waiting.")
    )
    counter.add()
    counter.add(4)
    counter.add(-3)
    counter.set(1)
    gauge.set(7)
    gauge.add(-9)
    #expect(counter.value == 5 && gauge.value == -2)
  }

  @Test("A stage that is started again counts on; another of the same kind counts apart")
  func again() throws {
    try context("a").counter("found", "Found.").add(2)
    try context("a").counter("found", "Found.").add(3)
    try context("b").counter("found", "Something else.").add()
    #expect(metrics.all.map(\.stage) == ["a", "b"] && metrics.all.map(\.value) == [5, 1])
    #expect(metrics.all.map(\.help) == ["Found.", "Found."])
  }

  @Test(
    "What can't be a metric keeps the stage from starting",
    arguments: [
      "", "Found", "1st", "a b", "a{x=\"1\"}", "events", "seconds", "é", String(repeating: "a", count: 65),
    ])
  func names(name: String) {
    #expect(throws: StageStartError.self) { try context("a").counter(name, "Found.") }
  }

  @Test("One name is of one kind, a description is one line, and there is a limit")
  func bounds() throws {
    _ = try context("a").counter("found", "Found.")
    #expect(throws: StageStartError.self) { try context("a").gauge("found", "Found.") }
    #expect(throws: StageStartError.self) { try context("b").gauge("found", "Found.") }
    #expect(throws: StageStartError.self) { try context("a").counter("lines", "one\ntwo") }
    #expect(throws: StageStartError.self) { try context("a").counter("nothing", "") }
    for number in 1..<StageMetrics.limit { _ = try context("a").counter("m\(number)", "Some.") }
    #expect(throws: StageStartError.self) { try context("a").counter("more", "Some.") }
    #expect(metrics.all.count == StageMetrics.limit)
  }

  @Test("Without metrics the stage does not start")
  func without() {
    #expect(throws: StageStartError.self) {
      try TestChain.context(for: Sample.self).counter("found", "Found.")
    }
  }
}

private struct Sample: EventStage {
  static let name = "sample"
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ event: inout Event) -> Verdict { .continue }
}

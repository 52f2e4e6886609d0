/// Has clients write to each other, and looks for every message.
struct MessageLoad {
  let field: BenchField<MessageShare>
  private var plan: BenchPlan { field.plan }

  init(_ field: BenchField<MessageShare>) { self.field = field }

  func run() async throws -> BenchReport {
    let count = (plan.messageCast?.clientCount ?? 0) + plan.idle
    let begin = field.mark()
    try await field.connect(0..<count)
    let connecting = field.span(since: begin)

    try await start()
    try await Task.sleep(for: plan.warmUp)
    let before = plan.slow > 0 ? try await field.measure() : nil
    if plan.slow > 0 { try await field.each { for reader in $0.slow { reader.stop() } } }
    let measured = try await field.measure()
    try await field.enter(.draining)
    try await field.each { for reader in $0.slow { reader.resume() } }
    let (tally, slow) = try await drain()
    let readers = try await field.gather { $0.slow.map(\.found) }.flatMap { $0 }
    try await field.each { $0.loop.close() }

    let window = tally.windows[before == nil ? 0 : 1]
    var findings: [any BenchFindings] = [
      MessageFindings(plan: plan, seconds: measured.seconds, window: window, tally: tally)
    ]
    if let before {
      findings.append(
        SlowFindings(
          before: tally.windows[0], span: before, meanwhile: measured, readers: readers, tally: slow))
    }
    return BenchReport(
      plan: plan, connections: count, connecting: connecting, measured: measured, acked: window.acked,
      findings: findings)
  }

  private func start() async throws {
    let senders = try await field.gather { $0.senderCount }.reduce(0, +)
    let rate = plan.rate.map { $0 / Double(max(1, senders)) }
    try await field.each { $0.start(rate: rate) }
  }

  /// Waits until all that was sent is answered and all that was acknowledged has come, or patience ends.
  private func drain() async throws -> (all: BenchTally, slow: BenchTally) {
    try await field.wait(upTo: plan.patience) {
      let (all, slow) = try await tallies()
      return all.isComplete && slow.isComplete
    }
    return try await tallies()
  }

  private func tallies() async throws -> (all: BenchTally, slow: BenchTally) {
    var (all, slow) = (BenchTally(), BenchTally())
    for part in try await field.gather({ ($0.ledger.tally, $0.slowLedger.tally) }) {
      all.add(part.0)
      slow.add(part.1)
    }
    return (all, slow)
  }
}

import NIOCore
import NIOPosix

/// Drives a load from beginning to end, and gathers what its loops have counted.
struct BenchRun {
  let plan: BenchPlan
  /// Makes the token of a user.
  let token: @Sendable (String) throws -> String
  /// Processes whose use of the machine is looked at.
  let watched: [Int32]

  /// How many connections are being opened at a time.
  private static let connectingMax = 128

  /// - Throws: `CommandError` where the clients can't connect.
  func run() async throws -> BenchReport {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    do {
      let report = try await run(on: Array(group.makeIterator()))
      try await group.shutdownGracefully()
      return report
    } catch {
      try? await group.shutdownGracefully()
      throw error
    }
  }

  private func run(on eventLoops: [any EventLoop]) async throws -> BenchReport {
    var loops: [NIOLoopBound<BenchLoop>] = []
    for eventLoop in eventLoops {
      let plan = plan
      loops.append(
        try await eventLoop.submit { NIOLoopBound(BenchLoop(plan, on: eventLoop), eventLoop: eventLoop) }
          .get())
    }
    let before = watched.map(ProcessUse.init)
    let started = ContinuousClock.now
    try await connect(loops)
    let connecting = ContinuousClock.now - started
    let connected = watched.map(ProcessUse.init)

    let share = plan.rate.map { $0 / Double(loops.count) }
    try await each(loops) { $0.start(share: share) }
    try await Task.sleep(for: plan.warmUp)
    let begin = (ContinuousClock.now, watched.map(ProcessUse.init))
    try await each(loops) { $0.phase = .measured }
    try await Task.sleep(for: plan.measured)
    try await each(loops) { $0.phase = .draining }
    let end = (ContinuousClock.now, watched.map(ProcessUse.init))
    let tally = try await drain(loops)
    try await each(loops) { $0.close() }
    return BenchReport(
      plan: plan, tally: tally, seconds: (end.0 - begin.0).inSeconds, connecting: connecting.inSeconds,
      memory: zip(before, connected).map { $1.resident - $0.resident },
      cpu: zip(begin.1, end.1).map { $1.cpu - $0.cpu })
  }

  private func connect(_ loops: [NIOLoopBound<BenchLoop>]) async throws {
    let count = 2 * plan.pairs + plan.idle
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for number in 0..<count {
        if number >= Self.connectingMax { try await tasks.next() }
        let token = try token(plan.wire.subject(of: plan.user(number)))
        let loop = loops[(number / 2) % loops.count]
        tasks.addTask {
          try await loop.eventLoop.flatSubmit { loop.value.connect(number, token: token) }.get()
        }
      }
      try await tasks.waitForAll()
    }
  }

  /// Waits until all that was sent is answered and all that was acknowledged has come, or patience ends.
  private func drain(_ loops: [NIOLoopBound<BenchLoop>]) async throws -> BenchTally {
    let end = ContinuousClock.now + plan.patience
    while true {
      var sum = BenchTally()
      for loop in loops { sum.add(try await loop.eventLoop.submit { loop.value.tally }.get()) }
      if (sum.unanswered <= 0 && sum.undelivered <= 0) || ContinuousClock.now > end { return sum }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  private func each(_ loops: [NIOLoopBound<BenchLoop>], _ body: @escaping @Sendable (BenchLoop) -> Void)
    async throws
  {
    for loop in loops { try await loop.eventLoop.submit { body(loop.value) }.get() }
  }
}

extension Duration {
  /// In seconds.
  var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

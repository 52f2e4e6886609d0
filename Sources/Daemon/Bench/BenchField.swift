import NIOCore

/// The event loops that a load runs on, each with its share of the clients, and what is asked of all together.
struct BenchField<Share: BenchShare>: Sendable {
  let plan: BenchPlan
  let parts: [NIOLoopBound<Share>]
  private let makeToken: @Sendable (String) throws -> String
  /// Processes whose use of the machine is looked at.
  let watched: [Int32]

  /// How many connections are being opened at a time.
  static var connectingMax: Int { 128 }

  /// - Throws: `CommandError` where there is nothing to connect to.
  init(_ run: BenchRun, on eventLoops: [any EventLoop]) async throws {
    let plan = run.plan
    let targets = try plan.addresses.map(BenchTarget.init)
    var parts: [NIOLoopBound<Share>] = []
    for eventLoop in eventLoops {
      parts.append(
        try await eventLoop.submit {
          NIOLoopBound(Share(BenchLoop(plan, targets, on: eventLoop)), eventLoop: eventLoop)
        }.get())
    }
    self.plan = plan
    self.parts = parts
    makeToken = run.token
    watched = run.watched
  }

  /// The loop of a client, by its number: the sides of a pair share one.
  func part(of number: Int) -> NIOLoopBound<Share> { parts[(number / 2) % parts.count] }

  /// The token of a client, by its number.
  func token(of number: Int) throws -> String { try makeToken(plan.wire.subject(of: plan.user(number))) }

  /// Connects clients, not too many at a time, until all may send.
  ///
  /// - Throws: `CommandError` where one can't.
  func connect(_ numbers: Range<Int>) async throws {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for number in numbers {
        if number - numbers.lowerBound >= Self.connectingMax { try await tasks.next() }
        let token = try token(of: number)
        let part = part(of: number)
        tasks.addTask {
          try await part.eventLoop.flatSubmit {
            part.value.loop.connect(number, token: token, part.value.role(number, token: token))
          }.get()
        }
      }
      try await tasks.waitForAll()
    }
  }

  /// Has something done on every loop, on all at the same time.
  func each(_ body: @escaping @Sendable (Share) -> Void) async throws {
    _ = try await gather(body)
  }

  /// Asks every loop something, all at the same time.
  func gather<Answer: Sendable>(_ body: @escaping @Sendable (Share) -> Answer) async throws -> [Answer] {
    let answers = parts.map { part in part.eventLoop.submit { body(part.value) } }
    var found: [Answer] = []
    for answer in answers { found.append(try await answer.get()) }
    return found
  }

  /// Waits until something is so, or patience ends.
  ///
  /// - Returns: Whether it is so.
  @discardableResult
  func wait(upTo patience: Duration, until isSo: () async throws -> Bool) async throws -> Bool {
    let end = ContinuousClock.now + patience
    while try await !isSo() {
      guard ContinuousClock.now < end else { return false }
      try await Task.sleep(for: .milliseconds(20))
    }
    return true
  }

  /// Sets what is counted from now on.
  func enter(_ phase: BenchLoop.Phase) async throws { try await each { $0.loop.phase = phase } }

  /// Has the measured time pass.
  func measure() async throws -> BenchSpan {
    let begin = mark()
    try await enter(.measured)
    try await Task.sleep(for: plan.measured)
    try await enter(.warmUp)
    return span(since: begin)
  }

  /// What has been used up to now.
  func mark() -> BenchMark { BenchMark(watched) }

  /// What has been used since.
  func span(since mark: BenchMark) -> BenchSpan { BenchSpan(from: mark, to: BenchMark(watched)) }
}

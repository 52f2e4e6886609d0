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
  func part(of number: Int) -> NIOLoopBound<Share> { parts[place(of: number)] }

  private func place(of number: Int) -> Int { (number / 2) % parts.count }

  /// The token of a client, by its number.
  func token(of number: Int) throws -> String { try makeToken(plan.wire.subject(of: plan.user(number))) }

  /// Connects clients, not too many at a time, until all may send.
  ///
  /// - Throws: `CommandError` where one can't.
  func connect(_ numbers: Range<Int>) async throws {
    // Each loop by itself: to hand every client from thread to thread would take as long as to connect it.
    let atATime = max(1, Self.connectingMax / parts.count)
    let connected = parts.enumerated().map { place, part in
      let own = numbers.filter { self.place(of: $0) == place }
      return part.eventLoop.flatSubmit {
        let line = BenchLine(own, on: part.value.loop.eventLoop) { number in
          let token = try token(of: number)
          return part.value.loop.connect(number, token: token, part.value.role(number, token: token))
        }
        return line.begin(atATime)
      }
    }
    try await EventLoopFuture.andAllSucceed(connected, on: parts[0].eventLoop).get()
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

import Pipeline

extension StageConformance {
  /// How long a stage may compute on the loop for one event, in nanoseconds: generous, since tests are not optimised.
  private static var longestComputation: UInt64 { 20_000_000 }

  /// How often it gets the sample events on the loop.
  private static var turns: Int { 8 }

  /// Whether it keeps the event loop waiting.
  func loopViolations(_ entry: StageEntry) async throws -> [String] {
    // What waits now and then does so by chance: for a page of memory, or a lock that another thread had just then.
    var rounds: [LoopTime] = []
    for _ in 0..<3 {
      let test = try TestServices()
      guard let stage = try? await start(entry, on: try equip(test), test)?.get() else { return [] }
      let chain = TestChain([stage, ChainStage(Accepting())], clock: test.clock.clock)
      let samples = samples(for: stage)
      let clients = samples.map { chain.connect(as: $0.identity) }
      let turns = Self.turns
      let round = await patience.waitForThread {
        LoopTime {
          chain.executor.drive {
            stage.instance.stage.activate()
            for _ in 0..<turns {
              for (sample, client) in zip(samples, clients) {
                chain.engine.submit(sample.event(from: client))
              }
              chain.engine.turn()
            }
          }
        }
      }
      guard let round else { return ["it blocks the event loop"] }
      rounds.append(round)
      for (sample, client) in zip(samples, clients) where sample.type != .disconnect {
        _ = await patience.wait { for _ in 0..<turns { _ = await client.nextReply() } }
      }
      _ = await end(stage)
    }
    var found: [String] = []
    if rounds.allSatisfy({ $0.waits >= Self.turns }) {
      found.append("it waits on the event loop, which it must not")
    }
    let submitted = UInt64(max(1, events.count) * Self.turns)
    let perEvent = rounds.map(\.computed).min().map { $0 / submitted } ?? 0
    if perEvent > Self.longestComputation {
      found.append("it computes on the event loop for \(perEvent / 1_000_000) ms an event")
    }
    return found
  }

  /// Whether each event gets its one answer.
  func answerViolations(_ entry: StageEntry) async throws -> [String] {
    let test = try TestServices()
    guard let stage = try? await start(entry, on: try equip(test), test)?.get() else { return [] }
    stage.instance.stage.activate()
    let samples = samples(for: stage)
    var found: [String] = []
    if samples.isEmpty { found.append("none of the sample events comes to it") }
    let chain = TestChain([stage, ChainStage(Accepting())], clock: test.clock.clock)
    for sample in samples where await reply(to: sample, in: chain) == nil {
      found.append("it does not get done with \(sample.type)")
    }
    let hasEnded = await end(stage)
    // What it says after its last event is said in vain.
    chain.executor.drive()
    for fault in chain.observer.faults { found.append("it fails on a sample event: \(fault)") }
    if !chain.observer.inVain.isEmpty { found.append("it gives events back twice") }
    if !hasEnded { found.append("it does not end after its last event") }
    return found
  }

  /// Whether a task of it ends when its time is up.
  func cancellationViolations(_ entry: StageEntry) async throws -> [String] {
    let test = try TestServices()
    let services = try equip(test)
    guard let stage = try? await start(entry, on: services, test)?.get() else { return [] }
    guard let tasks = stage.instance.stage as? any AsyncStage else {
      _ = await end(stage)
      return []
    }
    tasks.activate()
    test.web.hang()
    let chain = TestChain([stage])
    var found: [String] = []
    for sample in samples(for: stage) {
      let event = sample.event(from: chain.connect(as: sample.identity))
      let hasEnded = await patience.wait {
        let task = Task {
          var event = event
          _ = try? await tasks.process(&event)
        }
        task.cancel()
        await task.value
        return true
      }
      if hasEnded != true { found.append("it goes on with \(sample.type) when it is cancelled") }
    }
    _ = await end(stage)
    return found
  }

  /// The answer to an event of a new client; `nil` where none comes. To one that gets no answer it is made up.
  func reply(to sample: SampleEvent, in chain: TestChain) async -> TestReply? {
    let client = chain.connect(as: sample.identity)
    client.send(sample.type, sample.data)
    let answer = await patience.wait {
      guard sample.type == .disconnect else { return TestReply(await client.nextReply()) }
      // It is through when a later event of the connection is.
      client.send("TEST_END")
      _ = await client.nextReply()
      return TestReply()
    }
    return answer
  }
}

/// What an event led to.
struct TestReply: Sendable {
  /// Why it was not taken, where it was not.
  var rejection: Rejection?

  init() {}
  init(_ reply: Reply) { rejection = reply.rejection }
}

import Pipeline

extension StageConformance {
  /// Whether it starts and ends as it should.
  func lifeViolations(_ entry: StageEntry) async throws -> [String] {
    var found: [String] = []
    let test = try TestServices()
    let services = try equip(test)
    guard let first = await start(entry, on: services, test) else { return ["it does not start in time"] }
    let stage: ChainStage
    switch first {
    case .success(let started): stage = started
    case .failure(let error): return ["it does not start: \(error)"]
    }
    // A chain that is given up since another of its stages can't start.
    if let given = try? await start(entry, after: stage, on: services, test)?.get(), await !end(given) {
      found.append("it does not end where its chain is given up")
    }
    stage.instance.stage.activate()
    if await patience.wait(for: { await stage.instance.stage.refresh() }) == nil {
      found.append("it does not get done with a refresh")
    }
    let next: ChainStage
    switch await start(entry, after: stage, on: services, test) {
    case .success(let started): next = started
    case .failure(let error): return found + ["it does not start a second time, as a reload would: \(error)"]
    case nil: return found + ["it does not start a second time in time, as a reload would"]
    }
    next.instance.stage.activate()
    if await !end(stage) { found.append("it does not end where another takes its place") }
    found += await successionViolations(next)
    if await !end(next) { found.append("it does not end after its last event") }
    return found + (try await cancelledStartViolations(entry))
  }

  /// Whether one that took another's place is of use.
  private func successionViolations(_ stage: ChainStage) async -> [String] {
    let chain = TestChain([stage, ChainStage(Accepting())])
    var found: [String] = []
    for sample in samples(for: stage) where await reply(to: sample, in: chain) == nil {
      found.append("where it took another's place it does not get done with \(sample.type)")
    }
    return found
  }

  /// Whether a start that is given up comes to an end, with a stage or without.
  private func cancelledStartViolations(_ entry: StageEntry) async throws -> [String] {
    let test = try TestServices()
    let services = try equip(test)
    test.web.hang()
    let begun = await patience.wait {
      let task = Task { try await entry.start(services, test.log.logger, test.clock.clock) }
      task.cancel()
      return await task.result
    }
    guard let begun else { return ["its start does not end when it is cancelled"] }
    if case .success(let stage) = begun, await !end(stage) {
      return ["it does not end where its start was cancelled"]
    }
    return []
  }
}

import Pipeline
import Services

extension StageConformance {
  /// Whether what it stands on may be away.
  func faultViolations() async throws -> [String] {
    var found: [String] = []
    for policy in FaultPolicy.allCases {
      let keys = yaml.split(separator: "\n").filter { !$0.hasPrefix("on_error:") }.joined(separator: "\n")
      // Not every stage may be skipped.
      let entry = TestEntry(Kind.self, yaml: "\(keys)\non_error: \(policy.rawValue)")
      guard let entry = try? entry.accepted() else { continue }
      let test = try TestServices()
      var services = try equip(test)
      services[StoreKey.self] = test.store
      await test.store.close()
      services[SharedStateKey.self] = FailingState()
      test.web.answer { _ in throw WebFault("the server is away") }
      guard let started = await start(entry, on: services, test) else {
        found.append("it hangs in its start where what it stands on is away")
        continue
      }
      // Not to start is an answer too.
      guard let stage = try? started.get() else { continue }
      stage.instance.stage.activate()
      for sample in samples(for: stage) {
        let chain = TestChain([stage, ChainStage(Accepting())], clock: test.clock.clock)
        guard let reply = await reply(to: sample, in: chain) else {
          found.append("it hangs on \(sample.type) where what it stands on is away")
          continue
        }
        // To one that is not answered, nobody hears of a refusal.
        guard !chain.observer.faults.isEmpty, sample.type != .disconnect else { continue }
        let isRefused = reply.rejection != nil
        let isSetAside = !chain.observer.setAside.isEmpty
        if policy == .skip && isRefused || policy == .reject && !isRefused || isSetAside && !isRefused {
          found.append("with 'on_error: \(policy.rawValue)' a fault on \(sample.type) has another outcome")
        }
      }
      if await !end(stage) { found.append("it does not end where what it stands on is away") }
    }
    return found
  }
}

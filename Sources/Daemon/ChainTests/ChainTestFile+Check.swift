import Pipeline

extension ChainTestFile {
  /// What decoding could not see: tests that can't fail, names that nothing has, keys that don't go together.
  ///
  /// - Parameter stages: The names of the chain's stages; `nil` where the configuration can't be read.
  func faults(stages: [String]?, at root: Mark) -> [Fault] {
    var check = ChainTestCheck(stages: stages)
    if tests.isEmpty { check.report(root, "'tests' holds no test") }
    var names: Set<String> = []
    for test in tests {
      if test.name.value.isEmpty { check.report(test.name.mark, "a test has a name") }
      if !names.insert(test.name.value).inserted {
        check.report(test.name.mark, "a second test is named '\(test.name.value)'")
      }
      check.look(at: test)
    }
    return check.faults
  }
}

/// Looks for what is wrong with tests.
private struct ChainTestCheck {
  let stages: [String]?
  private(set) var faults: [Fault] = []
  /// What the steps of the test so far have kept.
  private var kept: Set<String> = []

  init(stages: [String]?) { self.stages = stages }

  mutating func report(_ mark: Mark, _ message: String) { faults.append(Fault(mark, message)) }

  mutating func look(at test: ChainTest) {
    kept = []
    for step in test.steps { look(at: step.value, step.mark) }
    if !test.steps.contains(where: { $0.value.expect != nil }) {
      report(test.name.mark, "the test '\(test.name.value)' expects nothing, so it can't fail")
    }
  }

  private mutating func look(at step: ChainTestStep, _ mark: Mark) {
    if step.type == nil {
      if step.after == nil { report(mark, "a step has a 'type', or time passes 'after' the last") }
      if step.hasEventKeys {
        report(mark, "a step without a 'type' sends nothing: it has 'after' and 'expect'")
      }
    }
    lookAtSender(step, mark)
    if let times = step.times, !(1...ChainTestStep.mostTimes).contains(times.value) {
      report(times.mark, "'repeat' is from 1 to \(ChainTestStep.mostTimes)")
    }
    if let data = step.data {
      if case .mapping = data.value {} else { report(data.mark, "'data' wants keys and values") }
      lookAtReferences(data, number: true)
    }
    if let expect = step.expect { look(at: expect.value, expect.mark, hasEvent: step.type != nil) }
    for (name, member) in step.keep ?? [:] {
      if !References.isName(name) || name == References.numberName {
        report(member.mark, "'\(name)' can't be kept: a name has letters, digits and '_', and is not 'n'")
      }
      kept.insert(name)
    }
  }

  private mutating func lookAtSender(_ step: ChainTestStep, _ mark: Mark) {
    if let from = step.from, !(1...256).contains(from.value.unicodeScalars.count) {
      report(from.mark, "'from' has 1 to 256 characters")
    }
    if step.from == nil, step.name != nil || step.scopes != nil || step.backend != nil {
      report(mark, "'name', 'scopes' and 'backend' say more of who it is 'from'")
    }
    if let token = step.token, step.from != nil, step.type?.value != EventType.auth.rawValue {
      report(token.mark, "an event is 'from' somebody or brings a 'token'; both only where its type is AUTH")
    }
  }

  private mutating func look(at expect: Expectation, _ mark: Mark, hasEvent: Bool) {
    if expect.isEmpty { report(mark, "'expect' expects nothing") }
    if !hasEvent, !expect.isOfDeliveriesAlone {
      report(mark, "without an event only 'delivers' can be expected")
    }
    if let stage = expect.stage, expect.verdict == nil, expect.code == nil {
      report(stage.mark, "'stage' wants a 'verdict' beside it; 'stages' tells what each of several says")
    }
    if let code = expect.code, let verdict = expect.verdict, verdict.value != .reject {
      report(code.mark, "only what is rejected has a 'code'")
    }
    if let stage = expect.stage { lookAtName(stage.value, stage.mark) }
    for (name, saying) in expect.stages ?? [:] { lookAtName(name, saying.mark) }
    if let answer = expect.answer { look(at: answer, number: true) }
    for events in (expect.delivers ?? [:]).values {
      for event in events.value { look(at: event, number: false) }
    }
  }

  private mutating func look(at event: Placed<ExpectedEvent>, number: Bool) {
    if event.value.type == nil, event.value.data == nil {
      report(event.mark, "an event has 'type' or 'data'")
    }
    guard let data = event.value.data else { return }
    if case .mapping = data.value {} else { report(data.mark, "'data' wants keys and values") }
    lookAtReferences(data, number: number)
  }

  private mutating func lookAtName(_ name: String, _ mark: Mark) {
    guard let stages, !stages.contains(name) else { return }
    report(
      mark,
      "the chain has no stage '\(name)'" + Suggestion.phrase(for: name, among: stages, kind: "its stages"))
  }

  private mutating func lookAtReferences(_ node: YAMLNode, number: Bool) {
    let known = kept.union(number ? [References.numberName] : [])
    for (name, mark) in References.names(in: node) where !known.contains(name) {
      let phrase = Suggestion.phrase(for: name, among: known.sorted(), kind: "known")
      report(mark, "'$\(name)' is nothing that was kept before\(phrase)")
    }
  }
}

extension ChainTestStep {
  /// Whether it says anything of an event.
  fileprivate var hasEventKeys: Bool {
    from != nil || name != nil || scopes != nil || backend != nil || token != nil || ingress != nil
      || ip != nil || data != nil || times != nil || keep != nil
  }
}

extension Expectation {
  fileprivate var isOfDeliveriesAlone: Bool {
    verdict == nil && stage == nil && code == nil && stages == nil && answer == nil
  }
}

import Pipeline

extension Expectation {
  /// What one event of the step has not met.
  func mismatches(_ trace: EventTrace, _ references: References) -> [Mismatch] {
    var found = verdictMismatch(trace).map { [$0] } ?? deciderMismatches(trace)
    for (stage, saying) in (stages ?? [:]).sorted(by: { $0.value.mark < $1.value.mark }) {
      let said = trace.saying(of: stage)
      guard said != saying.value else { continue }
      found.append(
        Mismatch(
          saying.mark, "expected '\(stage)' to say '\(saying.value.rawValue)', found '\(said.rawValue)'"))
    }
    if let answer {
      found += answer.value.mismatches(trace.answer, at: answer.mark, path: "answer", references)
    }
    return found
  }

  /// What the deliveries of the step have not met.
  func mismatches(_ delivered: [(user: String, event: OutgoingEvent)], _ references: References) -> [Mismatch]
  {
    (delivers ?? [:]).sorted { $0.value.mark < $1.value.mark }.flatMap { user, expected in
      let events = delivered.filter { $0.user == user }.map(\.event)
      guard events.count == expected.value.count else {
        let types = events.isEmpty ? "" : ": " + events.map(\.type.rawValue).joined(separator: ", ").shortened
        return [
          Mismatch(
            expected.mark,
            "expected \(Self.events(expected.value.count)) for '\(user)', found \(events.count)\(types)")
        ]
      }
      return zip(expected.value, events).enumerated().flatMap { index, pair in
        pair.0.value.mismatches(
          pair.1, at: pair.0.mark, path: "delivers.\(user)[\(index)]", references)
      }
    }
  }

  private static func events(_ count: Int) -> String { count == 1 ? "1 event" : "\(count) events" }

  private func verdictMismatch(_ trace: EventTrace) -> Mismatch? {
    guard let verdict, verdict.value != trace.verdict else { return nil }
    return Mismatch(
      verdict.mark, "expected verdict '\(verdict.value.rawValue)', found \(trace.ending)")
  }

  private func deciderMismatches(_ trace: EventTrace) -> [Mismatch] {
    var found: [Mismatch] = []
    if let stage {
      if trace.verdict == .continue {
        let said = trace.saying(of: stage.value)
        if said != .continue {
          found.append(
            Mismatch(stage.mark, "expected '\(stage.value)' to say 'continue', found '\(said.rawValue)'"))
        }
      } else if trace.decider != stage.value {
        found.append(Mismatch(stage.mark, "expected stage '\(stage.value)', found \(trace.ending)"))
      }
    }
    if let code, trace.rejection?.code.rawValue != code.value {
      found.append(Mismatch(code.mark, "expected code '\(code.value)', found \(trace.ending)"))
    }
    return found
  }
}

extension ExpectedEvent {
  /// In what an event differs.
  func mismatches(_ event: OutgoingEvent?, at mark: Mark, path: String, _ references: References)
    -> [Mismatch]
  {
    guard let event else { return [Mismatch(mark, "expected an event as \(path), found nothing")] }
    if let type, event.type.rawValue != type.value {
      return [
        Mismatch(
          type.mark, "expected \(path).type to be '\(type.value)', found \(event.shown)")
      ]
    }
    guard let data else { return [] }
    let found = try? JSONValue(parsing: Array(event.data))
    return JSONComparison(data, found, path: path + ".data", references).differences
  }
}

extension EventTrace {
  /// How it ended, in a few words.
  var ending: String {
    switch verdict {
    case .continue: return "'continue'"
    case .stop: return "'stop' by '\(decider ?? "?")'"
    case .reject:
      let code = rejection?.code.rawValue ?? "?"
      return "'reject' with \(code)" + (decider.map { " by '\($0)'" } ?? ", since no stage takes it")
    }
  }
}

extension OutgoingEvent {
  /// The event in a line of a report.
  var shown: String { "\(type) \(String(decoding: data, as: UTF8.self))".shortened }
}

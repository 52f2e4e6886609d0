import Pipeline

/// How a test went.
struct ChainTestResult: Sendable {
  let name: String
  /// What was expected and was not so.
  var mismatches: [Mismatch] = []
  /// What became of the event that it was expected of, in lines.
  var story: [String] = []

  var isPassed: Bool { mismatches.isEmpty }
}

/// What became of an event of a test, told in lines.
struct TestStory {
  private(set) var lines: [String] = []

  /// - Parameters:
  ///   - trace: Of the event; `nil` where a step has none.
  ///   - number: Which of several it is.
  init(
    _ step: ChainTestStep, _ trace: EventTrace?, number: String?, at now: Timestamp,
    delivered: [(user: String, event: OutgoingEvent)]
  ) {
    if let trace {
      let sender = step.from.map { " of '\($0.value.shortened)'" } ?? ""
      lines.append("\(trace.type.rawValue.shortened)\(sender)\(number.map { ", \($0)," } ?? "") at \(now):")
      for saying in trace.sayings {
        lines.append(
          Self.line(saying.stage, saying.said.rawValue + (saying.detail.map { " \($0)" } ?? "")))
      }
      lines.append(Self.line("=", trace.answer?.shown ?? "no answer"))
    } else {
      lines.append("until \(now):")
    }
    for delivery in delivered { lines.append(Self.line("to \(delivery.user)", delivery.event.shown)) }
  }

  private static func line(_ place: String, _ text: String) -> String {
    "  " + place.printable.column(14) + "  " + text.shortened
  }
}

import Pipeline

/// What somebody wants to see of the events that pass.
struct TapFilter: Sendable {
  /// What may be asked of a line: a stage's verdict, or the event's end.
  static let kinds = ["continue", "stop", "reject", "fault", "end"]
  /// How many lines a second are shown at most, unless it is asked for fewer or more.
  static let usualRate = 1000
  static let mostRate = 100_000

  var users: Set<String> = []
  var types: Set<String> = []
  var stages: Set<String> = []
  var kinds: Set<String> = []
  /// Whether the data of events is shown.
  var showsContent = false
  var rate = usualRate

  /// Reads the parameters of a request: `user`, `type`, `stage`, `verdict`, each as often as one likes, `content=1`, `rate`.
  ///
  /// - Throws: ``Rejection`` that says what is wrong.
  init(_ query: QueryString) throws(Rejection) {
    for (name, value) in query.all {
      switch name {
      case "user": users.insert(value)
      case "type": types.insert(value)
      case "stage": stages.insert(value)
      case "verdict":
        guard Self.kinds.contains(value) else {
          throw Rejection(.invalidEvent, "'verdict' is one of \(Self.kinds.joined(separator: ", "))")
        }
        kinds.insert(value)
      case "content": showsContent = value == "1"
      case "rate":
        guard let rate = Int(value), (1...Self.mostRate).contains(rate) else {
          throw Rejection(.invalidEvent, "'rate' is from 1 to \(Self.mostRate)")
        }
        self.rate = rate
      default: throw Rejection(.invalidEvent, "there is no parameter '\(name)'")
      }
    }
  }

  /// Whether an event, and what a stage has said of it, is to be seen.
  func takes(_ event: Event, _ decision: StageDecision) -> Bool {
    guard takes(event) else { return false }
    return (stages.isEmpty || stages.contains(decision.stage))
      && (kinds.isEmpty || kinds.contains(decision.verdict.name))
  }

  /// Whether an event's end is to be seen.
  func takesEnd(of event: Event) -> Bool {
    guard stages.isEmpty, kinds.isEmpty || kinds.contains("end") else { return false }
    return takes(event)
  }

  private func takes(_ event: Event) -> Bool {
    if !types.isEmpty, !types.contains(event.type.rawValue) { return false }
    guard !users.isEmpty else { return true }
    guard let user = (event.identity ?? event.connection.identity)?.userID else { return false }
    return users.contains(user)
  }
}

extension StageDecision.Verdict {
  /// The verdict as tools and metrics call it.
  var name: String {
    switch self {
    case .continue: "continue"
    case .stop: "stop"
    case .reject: "reject"
    case .fault: "fault"
    }
  }
}

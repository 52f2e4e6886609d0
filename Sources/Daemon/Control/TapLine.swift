import Pipeline

/// Lines of JSON that tell of events as they pass. Without being asked, none holds what a client has to say.
enum TapLine {
  /// What a stage has said of an event.
  static func of(_ event: Event, _ decision: StageDecision, at now: Timestamp, showsContent: Bool) -> [UInt8]
  {
    var line = head(event, decision.revision, decision.elapsed, now)
    line.member("stage", decision.stage)
    line.member("verdict", decision.verdict.name)
    if !decision.isObeyed { line.member("obeyed", false) }
    switch decision.verdict {
    case .reject(let rejection):
      line.member("code", rejection.code.rawValue)
      line.member("reason", rejection.message)
    case .fault(let error): line.member("error", "\(error)")
    case .continue, .stop: break
    }
    return finish(line, event, showsContent)
  }

  /// How an event has ended.
  static func end(
    of event: Event, rejection: Rejection?, answer: OutgoingEvent?, elapsed: UInt64, revision: Int,
    at now: Timestamp, showsContent: Bool
  ) -> [UInt8] {
    var line = head(event, revision, elapsed, now)
    line.member("verdict", "end")
    if let answer { line.member("answer", answer.type.rawValue) }
    if let rejection { line.member("code", rejection.code.rawValue) }
    return finish(line, event, showsContent)
  }

  /// That lines were dropped, or merely that the daemon is there.
  static func pulse(dropped: Int, at now: Timestamp) -> [UInt8] {
    var line = JSONObjectWriter()
    line.member("at", now)
    line.member("dropped", dropped)
    return line.finish() + [UInt8(ascii: "\n")]
  }

  private static func head(
    _ event: Event, _ revision: Int, _ elapsed: UInt64, _ now: Timestamp
  ) -> JSONObjectWriter {
    var line = JSONObjectWriter(reserving: 256)
    line.member("at", now)
    line.member("type", event.type.rawValue)
    if let user = (event.identity ?? event.connection.identity)?.userID { line.member("user", user) }
    line.member("connection", event.connection.id.description)
    line.member("ingress", event.connection.ingress.rawValue)
    line.member("microseconds", Int(elapsed / 1000))
    line.member("revision", revision)
    return line
  }

  private static func finish(_ line: consuming JSONObjectWriter, _ event: Event, _ showsContent: Bool)
    -> [UInt8]
  {
    var line = line
    if let trace = event.trace { line.member("traceparent", trace.description) }
    if showsContent {
      var data = event.data
      // A stage in front of the one that takes it out would show it.
      data.remove("token")
      line.member("data", json: data.json)
    }
    return line.finish() + [UInt8(ascii: "\n")]
  }
}

extension Engine {
  /// Undoes what a stage has done to events on which it is not obeyed, so that they go on as they were; what it said is
  /// counted and told.
  ///
  /// - Parameter before: The events of the run as the stage was given them.
  func overrule(_ run: inout Run, _ stage: ChainStage, at index: Int, before: [Event]) {
    var (stopped, rejected): (UInt64, UInt64) = (0, 0)
    for position in run.batch.indices where !stage.enforcement.obeys(stage: stage.name, on: before[position])
    {
      guard let verdict = run.batch.outcome(at: position).verdict else { continue }
      let after = run.batch.events[position]
      switch verdict {
      // A fault is counted and told of as any other, and the event goes on.
      case .continue, .fault: break
      case .stop:
        stopped += 1
        observer.unobeyed(after, stage: stage.name, verdict)
      case .reject:
        rejected += 1
        observer.unobeyed(after, stage: stage.name, verdict)
      }
      var event = before[position]
      event.keepNotes(of: after)
      event.slot = after.slot
      run.batch.overrule(with: event, at: position)
    }
    guard stopped + rejected > 0 else { return }
    count(stage: index, of: run.chain) {
      $0.unobeyedStops += stopped
      $0.unobeyedRejections += rejected
    }
  }

  /// Shows a tap what a stage has said of the events of a run.
  func show(_ run: borrowing Run, _ stage: ChainStage, elapsed: UInt64, to tap: any EngineTap) {
    for position in run.batch.indices {
      guard let verdict = run.batch.outcome(at: position).verdict else { continue }
      let event = run.batch.events[position]
      tap.decided(
        event,
        StageDecision(
          stage: stage.name, verdict: verdict,
          isObeyed: stage.enforcement.obeys(stage: stage.name, on: event), elapsed: elapsed,
          revision: run.chain.revision))
    }
  }
}

extension EventBatch.Outcome {
  /// What was said; `nil` where that is still to come.
  var verdict: StageDecision.Verdict? {
    switch self {
    case .continue: .continue
    case .stop: .stop
    case .reject(let rejection): .reject(rejection)
    case .fault(let error): .fault(error)
    case .later, .postponed: nil
    }
  }
}

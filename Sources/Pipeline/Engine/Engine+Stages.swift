extension Engine {
  /// Gives the events of a run to a stage. Those that go on are the run's batch afterwards; those that the stage
  /// ended are among its ended; those that it has not given back are held.
  func give(_ run: inout Run, to stage: ChainStage, at index: Int) {
    switch stage.form.kind {
    case .batch(let process):
      let before = stage.isAlwaysObeyed ? [] : run.batch.events
      let started = run.now
      process(&run.batch)
      sort(&run, stage, at: index, arrived: run.batch.count, before: before)
      noteHold(by: stage, run.now - started)
    case .deferring(let process):
      handOver(&run, to: stage, at: index, process)
    case .each(let process):
      count(stage: index, of: run.chain) { $0.events += UInt64(run.batch.count) }
      let events = run.batch.events
      run.batch.events = []
      for event in events {
        if mayEnter(index, event, run.chain, joining: false) {
          start(event, run.chain, stage, at: index, process)
        } else {
          hold(event, chain: run.chain, place: .waiting(index))
        }
      }
    }
  }

  /// Hands a batch to a stage that gives it back, perhaps before the call returns.
  private func handOver(
    _ run: inout Run, to stage: ChainStage, at index: Int,
    _ process: @Sendable (EventBatch, @escaping @Sendable (EventBatch) -> Void) -> Void
  ) {
    let started = run.now
    for later in run.chain.askingAhead[index] { prepare(&run, for: run.chain.stages[later], at: later) }
    let events = run.batch.events
    lastFlight += 1
    let flight = lastFlight
    handing = flight
    process(EventBatch(events)) { [self] batch in
      if executor.isCurrent, handing == flight, returned == nil {
        returned = batch
      } else {
        let batch = OnceTaken(batch)
        executor.execute { self.resume(flight, batch, from: stage) }
      }
    }
    handing = 0
    if let batch = returned.take() {
      run.batch = batch.holds(events.lazy.map(\.sequence)) ? batch : .failed(events, StageFault.otherEvents)
      sort(&run, stage, at: index, arrived: events.count, before: stage.isAlwaysObeyed ? [] : events)
      noteHold(by: stage, run.now - started)
    } else {
      noteHold(by: stage, clock.monotonic() - started)
      count(stage: index, of: run.chain) { $0.events += UInt64(events.count) }
      run.batch.events = []
      let slots = events.map { hold($0, chain: run.chain, place: .inside(index)) }
      flights[flight] = Flight(
        chain: run.chain, stage: index, slots: slots, started: started, deadline: started + stage.timeout)
      setTimer()
    }
  }

  /// Shows a stage those of a run's events that are on their way to it.
  private func prepare(_ run: inout Run, for stage: ChainStage, at index: Int) {
    guard let prepare = stage.form.prepare else { return }
    let bit: UInt64 = 1 << UInt64(index)
    let others = run.common & bit != 0 ? [] : run.batch.splitOff { $0.route & bit == 0 }
    if !run.batch.events.isEmpty { prepare(&run.batch) }
    run.batch.merge(others)
    run.batch.clearOutcomes()
  }

  /// Starts a task for one event.
  private func start(
    _ event: Event, _ chain: Chain, _ stage: ChainStage, at index: Int,
    _ process: @escaping @Sendable (Event) async -> EventBatch
  ) {
    let started = clock.monotonic()
    lastFlight += 1
    let flight = lastFlight
    let slot = hold(event, chain: chain, place: .inside(index))
    let task = Task { [self] in
      let batch = OnceTaken(await process(event))
      executor.execute { self.resume(flight, batch) }
    }
    flights[flight] = Flight(
      chain: chain, stage: index, slots: [slot], started: started, deadline: started + stage.timeout,
      task: task)
    setTimer()
  }

  /// Takes back what a stage that gives batches back had.
  private func resume(_ id: UInt64, _ batch: OnceTaken<EventBatch>, from stage: ChainStage) {
    guard flights[id] != nil else { return observer.gaveBackInVain(stage: stage.name) }
    resume(id, batch)
  }

  /// Takes back what a stage had.
  private func resume(_ id: UInt64, _ given: OnceTaken<EventBatch>) {
    // A flight whose time ran out has been decided without the stage.
    guard let flight = flights.removeValue(forKey: id), var batch = given.take() else { return }
    if !batch.holds(flight.slots.lazy.map { self.lanes[$0].sequence }) {
      batch = .failed(flight.slots.compactMap { lanes[$0].held.event }, StageFault.otherEvents)
    }
    let stage = flight.chain.stages[flight.stage]
    let before = stage.isAlwaysObeyed ? [] : flight.slots.compactMap { lanes[$0].held.event }
    for position in batch.indices {
      batch.events[position].slot = flight.slots[position]
      lanes[flight.slots[position]].place = .running
      lanes[flight.slots[position]].held.event = nil
    }
    var run = Run(flight.chain, consume batch, now: flight.started)
    beginTurn()
    sort(&run, stage, at: flight.stage, before: before)
    perform(run, from: flight.stage + 1)
    endTurn()
  }

  /// Sorts a batch by what a stage has said of its events, and counts it.
  ///
  /// - Parameters:
  ///   - arrived: How many events of the batch have not been counted yet as given to the stage.
  ///   - before: The events as the stage was given them; not looked at where it is obeyed on all.
  private func sort(
    _ run: inout Run, _ stage: ChainStage, at index: Int, arrived: Int = 0, before: [Event]
  ) {
    run.batch.finish()
    let now = clock.monotonic()
    let elapsed = now - run.now
    run.now = now
    if isTapped, let tap { show(run, stage, elapsed: elapsed, to: tap) }
    if !stage.isAlwaysObeyed { overrule(&run, stage, at: index, before: before) }
    var tally = (continued: 0, stopped: 0, rejected: 0)
    var (total, arrived) = (run.batch.count, arrived)
    if run.batch.allContinue {
      tally.continued = total
      if stage.commits { for position in run.batch.indices { run.batch.events[position].isCommitted = true } }
    } else if run.batch.allStop {
      tally.stopped = total
      for position in run.batch.indices where run.batch.events[position].slot != .none {
        lanes[run.batch.events[position].slot].place = .ended
      }
      run.batch.clearOutcomes()
      run.endAll(.stopped, stagesSeen: index + 1)
    } else {
      let outcomes = run.batch.outcomes
      run.batch.clearOutcomes()
      for (decided, outcome) in zip(run.batch.takeEvents(), outcomes) {
        var event = decided
        switch outcome {
        case .continue:
          tally.continued += 1
          if stage.commits { event.isCommitted = true }
          run.batch.events.append(event)
        case .stop:
          tally.stopped += 1
          end(event, .stopped, &run, at: index)
        case .reject(var rejection):
          tally.rejected += 1
          rejection.stage = stage.name
          end(event, .rejected(rejection), &run, at: index)
        case .fault(let error):
          fault(error, on: event, &run, stage, at: index)
        case .later(let decision):
          // It is counted when it has been decided.
          total -= 1
          start(event, run.chain, stage, at: index) { await EventBatch.decided($0, by: decision) }
        case .postponed:
          if mayEnter(index, event, run.chain, joining: false) {
            tally.continued += 1
            run.batch.events.append(event)
          } else {
            total -= 1
            arrived = max(0, arrived - 1)
            hold(event, chain: run.chain, place: .waiting(index))
          }
        }
      }
    }
    count(stage: index, of: run.chain) {
      $0.events += UInt64(arrived)
      $0.continued += UInt64(tally.continued)
      $0.stopped += UInt64(tally.stopped)
      $0.rejected += UInt64(tally.rejected)
      $0.latency.record(elapsed, times: total)
    }
  }

  /// Ends an event at a stage. Its slot, where it has one, says so at once: it is in nobody's way any more.
  private func end(_ event: Event, _ manner: Ended.Manner, _ run: inout Run, at index: Int) {
    if event.slot != .none { lanes[event.slot].place = .ended }
    run.end(event, manner, stagesSeen: index + 1)
  }

  /// Decides about an event on which a stage has failed. What is stored goes on to its other effects.
  func fault(_ error: any Error, on event: Event, _ run: inout Run, _ stage: ChainStage, at index: Int) {
    count(stage: index, of: run.chain) { $0.faults += 1 }
    let policy = stage.policy(on: event)
    observer.faulted(event, stage: stage.name, error: error, policy: policy, committed: event.isCommitted)
    let isKept = policy == .deadLetter && error as? StageFault != .queueFull
    if isKept {
      observer.setAside(
        event,
        DeadLetterReason(
          stage: stage.name, error: error, revision: run.chain.revision, isCommitted: event.isCommitted))
    }
    guard policy != .skip, !event.isCommitted else { return run.batch.events.append(event) }
    var rejection =
      switch error as? StageFault {
      case .timedOut: Rejection(.timeout, "the event took too long; send it again")
      case .queueFull: Rejection(.unavailable, "the server is busy; send the event again")
      case .otherEvents where isKept, nil where isKept:
        Rejection(.internal, "the event could not be handled; the operator may have it tried again")
      case .otherEvents, nil: Rejection(.internal, "the event could not be handled")
      }
    rejection.stage = stage.name
    end(event, .rejected(rejection), &run, at: index)
  }

  /// Tells of a stage that has kept the loop, and with it every connection of the loop, waiting.
  private func noteHold(by stage: ChainStage, _ elapsed: UInt64) {
    if elapsed >= Self.longestHold { observer.heldLoop(stage: stage.name, elapsed: elapsed) }
  }

  /// From how many nanoseconds on a stage on the loop is told of.
  private static let longestHold: UInt64 = 100_000_000

  /// Counts something of events that a stage has had.
  func count(stage: Int, of chain: Chain, _ change: (inout StageFigures) -> Void) {
    if chain === self.chain {
      figureBook.count(stage: stage, change)
    } else {
      figureBook.count(stage: stage, ofRevision: chain.revision, change)
    }
  }
}

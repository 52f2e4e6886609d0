extension Engine {
  /// Gives the events of a run to a stage. Those that go on are the run's batch afterwards; those that the stage
  /// ended are among its ended; those that it has not given back are held.
  func give(_ run: inout Run, to stage: ChainStage, at index: Int) {
    count(run.batch.count, stage: index, of: run.chain) { $0.events += UInt64($1) }
    switch stage.form.kind {
    case .batch(let process):
      let started = clock.monotonic()
      process(&run.batch)
      count(run.batch.count, stage: index, of: run.chain) {
        $0.latency.record(clock.monotonic() - started, times: $1)
      }
      sort(&run, stage, at: index)
    case .deferring(let process):
      handOver(&run, to: stage, at: index, process)
    case .each(let process):
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
    let started = clock.monotonic()
    let events = run.batch.events
    lastFlight += 1
    let flight = lastFlight
    handing = flight
    process(EventBatch(events)) { [self] batch in
      if executor.isCurrent, handing == flight {
        returned = batch
      } else {
        executor.execute { self.resume(flight, batch) }
      }
    }
    handing = 0
    if let batch = returned.take() {
      precondition(batch.count == events.count, "a stage gives back the events that it was given")
      run.batch = batch
      count(batch.count, stage: index, of: run.chain) {
        $0.latency.record(clock.monotonic() - started, times: $1)
      }
      sort(&run, stage, at: index)
    } else {
      run.batch.events = []
      let slots = events.map { hold($0, chain: run.chain, place: .inside(index)) }
      flights[flight] = Flight(
        chain: run.chain, stage: index, slots: slots, started: started, deadline: started + stage.timeout)
      setTimer()
    }
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
      let batch = await process(event)
      executor.execute { self.resume(flight, batch) }
    }
    flights[flight] = Flight(
      chain: chain, stage: index, slots: [slot], started: started, deadline: started + stage.timeout,
      task: task)
    setTimer()
  }

  /// Takes back what a stage had.
  private func resume(_ id: UInt64, _ batch: EventBatch) {
    // A flight whose time ran out has been decided without the stage.
    guard let flight = flights.removeValue(forKey: id) else { return }
    precondition(batch.count == flight.slots.count, "a stage gives back the events that it was given")
    var run = Run(flight.chain, [])
    run.batch = batch
    run.moved = flight.slots
    for position in batch.indices {
      run.batch.events[position].slot = flight.slots[position]
      lanes[flight.slots[position]].place = .running
    }
    let elapsed = clock.monotonic() - flight.started
    count(batch.count, stage: flight.stage, of: flight.chain) { $0.latency.record(elapsed, times: $1) }
    inTurn {
      sort(&run, flight.chain.stages[flight.stage], at: flight.stage)
      perform(run, from: flight.stage + 1)
    }
  }

  /// Sorts a batch by what a stage has said of its events.
  func sort(_ run: inout Run, _ stage: ChainStage, at index: Int) {
    if run.batch.allContinue {
      count(run.batch.count, stage: index, of: run.chain) { $0.continued += UInt64($1) }
      if stage.commits { for position in run.batch.indices { run.batch.events[position].isCommitted = true } }
      return
    }
    let decided = run.batch
    run.batch = EventBatch([])
    for position in decided.indices {
      var event = decided.events[position]
      switch decided.outcome(at: position) {
      case .continue:
        count(1, stage: index, of: run.chain) { $0.continued += UInt64($1) }
        if stage.commits { event.isCommitted = true }
        run.batch.events.append(event)
      case .stop:
        count(1, stage: index, of: run.chain) { $0.stopped += UInt64($1) }
        end(event, .stopped, &run, at: index)
      case .reject(var rejection):
        count(1, stage: index, of: run.chain) { $0.rejected += UInt64($1) }
        rejection.stage = stage.name
        end(event, .rejected(rejection), &run, at: index)
      case .fault(let error):
        fault(error, on: event, &run, stage, at: index)
      }
    }
  }

  /// Ends an event at a stage. Its slot, where it has one, says so at once: it is in nobody's way any more.
  private func end(_ event: Event, _ manner: Ended.Manner, _ run: inout Run, at index: Int) {
    if event.slot != .none { lanes[event.slot].place = .ended }
    run.ended.append(Ended(event: event, manner: manner, stagesSeen: index + 1))
  }

  /// Decides about an event on which a stage has failed. What is stored goes on to its other effects.
  func fault(_ error: any Error, on event: Event, _ run: inout Run, _ stage: ChainStage, at index: Int) {
    count(1, stage: index, of: run.chain) { $0.faults += UInt64($1) }
    observer.faulted(
      event, stage: stage.name, error: error, policy: stage.onError, committed: event.isCommitted)
    guard stage.onError == .reject, !event.isCommitted else { return run.batch.events.append(event) }
    var rejection =
      switch error as? StageFault {
      case .timedOut: Rejection(.timeout, "the event took too long; send it again")
      case .queueFull: Rejection(.unavailable, "the server is busy; send the event again")
      case nil: Rejection(.internal, "the event could not be handled")
      }
    rejection.stage = stage.name
    end(event, .rejected(rejection), &run, at: index)
  }

  /// Counts something of events that a stage of the chain in force has had; of an older chain nothing is counted
  /// any more.
  func count(_ events: Int, stage: Int, of chain: Chain, _ change: (inout StageFigures, Int) -> Void) {
    guard chain === self.chain else { return }
    change(&stageFigures[stage], events)
  }
}

extension Engine {
  /// How often flights are looked at for their deadline; a stage's `timeout` is exact to this.
  private static let timerInterval = Duration.milliseconds(50)

  /// Sees to it that deadlines are looked at while there are flights.
  func setTimer() {
    guard !timerIsSet else { return }
    timerIsSet = true
    executor.execute(after: Self.timerInterval) { [self] in
      timerIsSet = false
      let now = clock.monotonic()
      expire { $0.deadline <= now }
      if flights.contains(where: { !$0.value.isOverdue }) { setTimer() }
    }
  }

  /// Decides about events whose stage has had its time.
  func expire(where isDue: (Flight) -> Bool) {
    let overdue = flights.filter { !$0.value.isOverdue && isDue($0.value) }
    guard !overdue.isEmpty else { return }
    beginTurn()
    for (id, flight) in overdue.sorted(by: { $0.key < $1.key }) {
      let stage = flight.chain.stages[flight.stage]
      count(stage: flight.stage, of: flight.chain) { $0.timeouts += UInt64(flight.slots.count) }
      if stage.commits { keepWaiting(id, flight, stage) } else { abandon(id, flight, stage) }
    }
    endTurn()
  }

  /// At the commit point: what is stored can't be taken back, so the sender hears that the outcome is not known,
  /// and the events keep their place until it is.
  private func keepWaiting(_ id: UInt64, _ flight: Flight, _ stage: ChainStage) {
    flights[id]?.isOverdue = true
    var rejection = Rejection(
      .timeout, "the outcome is not known yet; send the event again with the same tempId")
    rejection.stage = stage.name
    for slot in flight.slots where !lanes[slot].held.isAnswered {
      guard let event = lanes[slot].held.event else { continue }
      observer.faulted(
        event, stage: stage.name, error: StageFault.timedOut, policy: .reject, committed: false)
      lanes[slot].held.reply = reply(to: event, rejecting: rejection)
      release(event.connection)
    }
  }

  /// Anywhere else: goes on without the stage, as `on_error` says; what it gives back later is ignored.
  private func abandon(_ id: UInt64, _ flight: Flight, _ stage: ChainStage) {
    flights[id] = nil
    flight.task?.cancel()
    var run = Run(flight.chain, flight.slots.compactMap { lanes[$0].held.event }, now: clock.monotonic())
    for event in run.batch.takeEvents() {
      lanes[event.slot].place = .running
      fault(StageFault.timedOut, on: event, &run, stage, at: flight.stage)
    }
    perform(run, from: flight.stage + 1)
  }
}

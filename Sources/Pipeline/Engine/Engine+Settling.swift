extension Engine {
  /// Answers those who have ended, in the order of each connection's events, tells the stages, and lets in those
  /// who waited behind them.
  func settle(_ run: inout Run) {
    let chain = run.chain
    if run.ended.count == 1 {
      for index in run.ended[0].events.indices {
        answer(run.ended[0].events[index], run.ended[0].manner, chain)
      }
    } else {
      // Events that ended differently are answered in the order of their arrival all the same.
      var order = run.ended.indices.flatMap { group in
        run.ended[group].events.indices.map { (group: group, index: $0) }
      }
      order.sort {
        run.ended[$0.group].events[$0.index].sequence < run.ended[$1.group].events[$1.index].sequence
      }
      for place in order {
        answer(run.ended[place.group].events[place.index], run.ended[place.group].manner, chain)
      }
    }
    for index in chain.listeners { tell(run.ended, to: chain.stages[index], at: index) }
    if !run.moved.isEmpty { wake(behind: run.moved) }
    if !touched.isEmpty {
      for connection in touched { release(connection) }
      touched.removeAll(keepingCapacity: true)
    }
  }

  /// Answers an event at its end, now or when those of older events have been sent.
  private func answer(_ event: Event, _ manner: Ended.Manner, _ chain: Chain) {
    let connection = event.connection
    if case .rejected(let rejection) = manner { observer.rejected(event, rejection) }
    let reply = reply(to: event, manner, chain: chain)
    if isTapped, let tap {
      var rejection: Rejection?
      if case .rejected(let reason) = manner { rejection = reason }
      let now = clock.monotonic()
      tap.ended(
        event, rejection: rejection, answer: reply?.event, elapsed: now - min(now, event.arrival),
        revision: chain.revision)
    }
    if event.slot != .none {
      lanes[event.slot].place = .ended
      if !lanes[event.slot].held.isAnswered {
        lanes[event.slot].held.reply = reply
        lanes[event.slot].held.isAnswered = reply == nil
      }
      touched.append(connection)
    } else if lanes.count > 0, lanes.hasOlder(than: event.sequence, in: connection.lane) {
      let slot = hold(event, chain: chain, place: .ended)
      lanes[slot].held.reply = reply
      lanes[slot].held.isAnswered = reply == nil
      touched.append(connection)
    } else if let reply {
      connection.sink?.receive(reply)
    }
  }

  /// Sends the answers that wait for no older one, and gives back the slots of those who are through.
  func release(_ connection: Connection) {
    var index = connection.lane.head
    while index != .none {
      let next = lanes[index].next
      if let reply = lanes[index].held.reply.take() {
        lanes[index].held.isAnswered = true
        connection.sink?.receive(reply)
      }
      guard lanes[index].held.isAnswered else { return }
      if lanes[index].place == .ended {
        let revision = lanes[index].generation
        lanes.remove(index, from: &connection.lane)
        left(revision)
      }
      index = next
    }
  }

  /// The one answer to an event; `nil` to one that nobody waits for.
  func reply(to event: Event, _ manner: Ended.Manner, chain: Chain) -> Reply? {
    guard event.type != .disconnect else { return nil }
    switch manner {
    case .rejected(let rejection) where !event.isCommitted:
      return reply(to: event, rejecting: rejection)
    case .passed, .stopped, .rejected:
      if let answer = event.answer {
        return Reply(answered: event.type, ref: event.ref, event: answer, rejection: nil)
      }
      if case .passed = manner, !chain.knows(event.type) {
        return reply(to: event, rejecting: Rejection(.unknownEvent, "no stage takes events of this type"))
      }
      return Reply(answered: event.type, ref: event.ref, event: OutgoingEvent(.ack), rejection: nil)
    }
  }

  func reply(to event: Event, rejecting rejection: Rejection) -> Reply {
    Reply(
      answered: event.type, ref: event.ref, event: .error(rejection, about: event.data), rejection: rejection)
  }

  /// Tells a stage how the events that it saw have ended.
  private func tell(_ ended: [Ended], to stage: ChainStage, at index: Int) {
    let bit: UInt64 = 1 << UInt64(index)
    var settlements: [Settlement] = []
    for group in ended where group.stagesSeen > index {
      for event in group.events where event.route & bit != 0 {
        settlements.append(Settlement(event: event, ending: group.ending(of: event)))
      }
    }
    if !settlements.isEmpty { stage.stage.settled(settlements) }
  }
}

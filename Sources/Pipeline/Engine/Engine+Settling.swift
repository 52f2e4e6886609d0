extension Engine {
  /// Answers those who have ended, in the order of each connection's events, tells the stages, and lets in those
  /// who waited behind them.
  func settle(_ run: consuming Run) {
    let chain = run.chain
    run.ended.sort { $0.event.sequence < $1.event.sequence }
    for ended in run.ended {
      let connection = ended.event.connection
      if case .rejected(let rejection) = ended.manner { observer.rejected(ended.event, rejection) }
      let reply = reply(to: ended.event, ended.manner, chain: chain)
      if ended.event.slot != .none {
        lanes[ended.event.slot].place = .ended
        if !lanes[ended.event.slot].held.isAnswered {
          lanes[ended.event.slot].held.reply = reply
          lanes[ended.event.slot].held.isAnswered = reply == nil
        }
        touched.append(connection)
      } else if lanes.count > 0, lanes.hasOlder(than: ended.event.sequence, in: connection.lane) {
        let slot = hold(ended.event, chain: chain, place: .ended)
        lanes[slot].held.reply = reply
        lanes[slot].held.isAnswered = reply == nil
        touched.append(connection)
      } else if let reply {
        connection.sink?.receive(reply)
      }
    }
    for index in chain.listeners { tell(run.ended, to: chain.stages[index], at: index) }
    wake(behind: run.moved)
    for connection in touched { release(connection) }
    touched.removeAll(keepingCapacity: true)
  }

  /// Sends the answers that wait for no older one, and gives back the slots of those who are through.
  func release(_ connection: Connection) {
    var index = connection.lane.head
    while index != .none {
      let next = lanes[index].next
      if let reply = lanes[index].held.reply {
        lanes[index].held.reply = nil
        lanes[index].held.isAnswered = true
        connection.sink?.receive(reply)
      }
      guard lanes[index].held.isAnswered else { return }
      if lanes[index].place == .ended { lanes.remove(index, from: &connection.lane) }
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
    let settlements = ended.compactMap { ended -> Settlement? in
      guard ended.stagesSeen > index, ended.event.route & bit != 0 else { return nil }
      return Settlement(event: ended.event, ending: ended.ending)
    }
    if !settlements.isEmpty { stage.stage.settled(settlements) }
  }
}

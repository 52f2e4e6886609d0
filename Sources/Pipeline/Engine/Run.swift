/// Events on their way through stages in one go, on the engine's thread. Not copyable, so that its events are moved
/// and never copied by accident.
struct Run: ~Copyable {
  /// The chain that they entered.
  let chain: Chain
  /// Those still on their way, by sequence.
  var batch: EventBatch
  /// Those that are through, or that a stage has ended.
  var ended: [Ended] = []
  /// The slots of those that had been held before: whatever waits behind them may be let in.
  var moved: [SlotIndex] = []
  /// When the last stage was done: the next one's start. One look at the clock serves both.
  var now: UInt64
  /// The stages that all events of the batch take, or more where an event has left since.
  let common: UInt64
  /// The stages that any event of the batch takes.
  let any: UInt64

  init(_ chain: Chain, _ batch: consuming EventBatch, now: UInt64) {
    self.chain = chain
    self.now = now
    var common = UInt64.max
    var any: UInt64 = 0
    for index in batch.indices {
      common &= batch.events[index].route
      any |= batch.events[index].route
      if batch.events[index].slot != .none { moved.append(batch.events[index].slot) }
    }
    self.common = common
    self.any = any
    self.batch = batch
  }

  init(_ chain: Chain, _ events: consuming [Event], now: UInt64) {
    self.init(chain, EventBatch(events), now: now)
  }

  /// Ends all events of the batch in the same way.
  mutating func endAll(_ manner: Ended.Manner, stagesSeen: Int) {
    ended.append(Ended(events: batch.takeEvents(), manner: manner, stagesSeen: stagesSeen))
  }

  /// Ends an event that is no longer in the batch.
  mutating func end(_ event: Event, _ manner: Ended.Manner, stagesSeen: Int) {
    if case .stopped = manner, let last = ended.last, case .stopped = last.manner,
      last.stagesSeen == stagesSeen
    {
      ended[ended.count - 1].events.append(event)
    } else {
      ended.append(Ended(events: [event], manner: manner, stagesSeen: stagesSeen))
    }
  }
}

/// Events at their end that have ended alike, by sequence.
struct Ended {
  enum Manner {
    /// They passed all stages.
    case passed
    /// A stage said that it was done.
    case stopped
    /// A stage, or the engine, refused them.
    indirect case rejected(Rejection)
  }

  var events: [Event]
  let manner: Manner
  /// How many stages of the chain they have come by, the one that ended them included.
  let stagesSeen: Int

  /// The end of one of the events as stages hear of it.
  func ending(of event: Event) -> Ending {
    switch manner {
    case _ where event.isCommitted: .committed
    case .rejected(let rejection): .rejected(rejection.code)
    case .passed, .stopped: .finished
    }
  }
}

/// What the engine keeps of an event that it holds.
struct Held {
  /// The event as it was when it was last handed over, for when a stage never gives it back; `nil` while a run has it, so
  /// that what changes it there needs no copy.
  var event: Event?
  let chain: Chain
  /// Its answer, while those of older events are still due.
  var reply: Reply?
  /// Whether nothing more is to be said to the sender.
  var isAnswered = false
}

/// Events that a stage has and will give back.
struct Flight {
  let chain: Chain
  let stage: Int
  let slots: [SlotIndex]
  let started: UInt64
  let deadline: UInt64
  /// Set where the time ran out at the commit point: the senders have been told, the events keep their place.
  var isOverdue = false
  /// The task that works on it, where there is one.
  var task: Task<Void, Never>?
}

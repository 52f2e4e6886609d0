/// Events on their way through stages in one go, on the engine's thread.
struct Run {
  /// The chain that they entered.
  let chain: Chain
  /// Those still on their way, by sequence.
  var batch: EventBatch
  /// Those that are through, or that a stage has ended.
  var ended: [Ended] = []
  /// The slots of those that had been held before: whatever waits behind them may be let in.
  var moved: [SlotIndex] = []

  init(_ chain: Chain, _ events: [Event]) {
    self.chain = chain
    batch = EventBatch(events)
    for event in events where event.slot != .none { moved.append(event.slot) }
  }
}

/// An event at its end.
struct Ended {
  enum Manner {
    /// It passed all stages.
    case passed
    /// A stage said that it was done.
    case stopped
    /// A stage, or the engine, refused it.
    case rejected(Rejection)
  }

  let event: Event
  let manner: Manner
  /// How many stages of the chain it has come by, the one that ended it included.
  let stagesSeen: Int

  /// The end as stages hear of it.
  var ending: Ending {
    switch manner {
    case _ where event.isCommitted: .committed
    case .rejected(let rejection): .rejected(rejection.code)
    case .passed, .stopped: .finished
    }
  }
}

/// What the engine keeps of an event that it holds.
struct Held {
  /// The event as it was when it was last handed over, for when a stage never gives it back.
  var event: Event
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

/// Events that a stage sees together, in the order of their arrival, and what it has said of each.
public struct EventBatch: Sendable {
  /// What a stage has said of an event, faults included.
  enum Outcome: Sendable {
    case `continue`
    case stop
    indirect case reject(Rejection)
    indirect case fault(any Error)
    indirect case later(Decision)
    case postponed
  }

  /// How a stage decides about an event that it needs more time for.
  public typealias Decision = @Sendable (inout Event) async throws -> Verdict

  @usableFromInline var events: [Event]
  /// One for each event, or empty while all continue: the ordinary case, which costs nothing.
  private(set) var outcomes: [Outcome] = []
  /// What is still to be done on the event loop.
  private var rest: (@Sendable (inout EventBatch) -> Void)?

  /// A batch of these events: for the engine, and for the tests of stages. A stage has no need to make one.
  package init(_ events: [Event]) { self.events = events }

  /// How many there are; never zero when a stage is given the batch.
  @inlinable public var count: Int { events.count }
  /// The positions of the events.
  @inlinable public var indices: Range<Int> { 0..<events.count }

  /// The event at a position, to look at or change.
  @inlinable public subscript(index: Int) -> Event {
    _read { yield events[index] }
    _modify { yield &events[index] }
  }

  /// Rejects an event.
  public mutating func reject(_ rejection: Rejection, at index: Int) { say(.reject(rejection), at: index) }

  /// Rejects an event with what to tell the sender.
  public mutating func reject(
    _ code: ErrorCode, _ message: String, retryAfter: Duration? = nil, at index: Int
  ) {
    say(.reject(Rejection(code, message, retryAfter: retryAfter)), at: index)
  }

  /// Ends an event: no later stage sees it.
  public mutating func stop(at index: Int) { say(.stop, at: index) }

  /// Says that the stage failed on an event; `on_error` decides what becomes of it. A ``Rejection`` rejects it.
  public mutating func fail(_ error: any Error, at index: Int) {
    if let rejection = error as? Rejection {
      say(.reject(rejection), at: index)
    } else {
      say(.fault(error), at: index)
    }
  }

  /// Has an event decided by a task, off the event loop: for the few that need a service or much computing where the
  /// others need neither. Only its connection's later events wait for it; those in this batch are the stage's to hold
  /// back, by ``postpone(at:)``.
  ///
  /// - Parameter decision: Looks at the event and says what becomes of it, like a stage of the form ``AsyncStage``.
  public mutating func decideLater(at index: Int, by decision: @escaping Decision) {
    say(.later(decision), at: index)
  }

  /// Has an event come again when the older ones of its connection are through: it must wait for what
  /// ``decideLater(at:by:)`` was called for. Without an older one to wait for it goes on.
  public mutating func postpone(at index: Int) { say(.postponed, at: index) }

  /// Says that the stage failed on all events that it has not decided yet.
  public mutating func failAll(_ error: any Error) {
    for index in indices {
      if case .continue = outcome(at: index) { fail(error, at: index) }
    }
  }

  /// Leaves the rest of a stage's work to the event loop, where it is done once the batch is back there: what is made there
  /// goes away there too, and the events need not be copied to be changed. For stages that give back the batch that they
  /// were given.
  package mutating func leave(_ rest: @escaping @Sendable (inout EventBatch) -> Void) { self.rest = rest }

  /// Does what was left to do.
  mutating func finish() {
    guard let rest = rest.take() else { return }
    rest(&self)
  }

  var allContinue: Bool { outcomes.isEmpty }

  var allStop: Bool {
    outcomes.allSatisfy { if case .stop = $0 { true } else { false } }
  }

  func outcome(at index: Int) -> Outcome { outcomes.isEmpty ? .continue : outcomes[index] }

  /// Forgets what was said, for the next stage.
  mutating func clearOutcomes() { outcomes.removeAll(keepingCapacity: true) }

  /// Takes all events out; what was said of them stays.
  mutating func takeEvents() -> [Event] {
    let taken = events
    events = []
    return taken
  }

  private mutating func say(_ outcome: Outcome, at index: Int) {
    if outcomes.isEmpty { outcomes = Array(repeating: .continue, count: events.count) }
    outcomes[index] = outcome
  }

  /// Puts an event in the place of one that a stage is not obeyed on. A fault stays one.
  mutating func overrule(with event: Event, at index: Int) {
    events[index] = event
    guard !outcomes.isEmpty else { return }
    if case .fault = outcomes[index] { return }
    outcomes[index] = .continue
  }

  /// A batch of events that a stage has failed on.
  static func failed(_ events: [Event], _ error: any Error) -> EventBatch {
    var batch = EventBatch(events)
    batch.failAll(error)
    return batch
  }

  /// Whether its events are those with these places in the engine, in this order.
  func holds(_ sequences: some Collection<UInt64>) -> Bool {
    events.count == sequences.count && zip(events, sequences).allSatisfy { $0.sequence == $1 }
  }

  /// Splits a batch that was put together from several, outcomes included.
  func slice(_ range: Range<Int>) -> EventBatch {
    var part = EventBatch(Array(events[range]))
    if !outcomes.isEmpty { part.outcomes = Array(outcomes[range]) }
    return part
  }
}

extension EventBatch {
  /// Takes out the events that a condition holds for, both parts keeping their order.
  mutating func splitOff(where condition: (Event) -> Bool) -> [Event] {
    guard events.contains(where: condition) else { return [] }
    if events.allSatisfy(condition) {
      let all = events
      events = []
      return all
    }
    var taken: [Event] = []
    var kept: [Event] = []
    for event in events {
      if condition(event) { taken.append(event) } else { kept.append(event) }
    }
    events = kept
    return taken
  }

  /// Puts events back to their places by sequence.
  mutating func merge(_ others: [Event]) {
    guard !others.isEmpty else { return }
    guard !events.isEmpty else { return events = others }
    events.append(contentsOf: others)
    events.sort { $0.sequence < $1.sequence }
  }
}

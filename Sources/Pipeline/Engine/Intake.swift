/// The events that wait for the next turn of an engine.
struct Intake {
  private var incoming: [Event] = []
  private var refused: [Ended] = []
  private var sequence: UInt64 = 0
  /// The route of the last event: most often the next one's as well.
  private var lastType: EventType?
  private var lastRoute: UInt64 = 0
  /// Memory of a run gone by, for the next one.
  private var spare: [Event] = []

  /// How many events wait to enter the chain.
  var count: Int { incoming.count }
  /// Whether nothing waits.
  var isEmpty: Bool { incoming.isEmpty && refused.isEmpty }

  /// Takes in an event that is to enter the chain in force; gives it back where `limit` of them wait already.
  ///
  /// - Parameter route: The way of a type through that chain.
  mutating func take(_ event: consuming Event, upTo limit: Int, route: (EventType) -> UInt64) -> Event? {
    guard incoming.count < limit else { return event }
    if lastType != event.type {
      lastType = event.type
      lastRoute = route(event.type)
    }
    sequence += 1
    event.sequence = sequence
    event.route = lastRoute
    incoming.append(event)
    return nil
  }

  /// Another chain is in force, and the ways through it are other ones.
  mutating func forgetRoute() { lastType = nil }

  /// Takes in an event that is stored already and has a way of its own.
  mutating func take(committed event: consuming Event, route: UInt64) {
    sequence += 1
    event.sequence = sequence
    event.route = route
    event.isCommitted = true
    incoming.append(event)
  }

  /// Takes in an event that is only to be answered, with a refusal.
  mutating func refuse(_ event: consuming Event, _ rejection: Rejection) {
    sequence += 1
    event.sequence = sequence
    refused.append(Ended(events: [event], manner: .rejected(rejection), stagesSeen: 0))
  }

  /// Makes a run of what waits.
  mutating func run(on chain: Chain, now: UInt64) -> Run {
    var events = spare
    spare = []
    swap(&events, &incoming)
    var run = Run(chain, EventBatch(events), now: now)
    swap(&run.ended, &refused)
    return run
  }

  /// Keeps the memory of a run that is over, where it isn't much.
  mutating func keepMemory(of run: consuming Run) {
    guard spare.capacity == 0, run.ended.count == 1, run.ended[0].events.capacity <= 1024 else { return }
    spare = run.ended[0].events
    run.ended = []
    spare.removeAll(keepingCapacity: true)
  }
}

/// Takes events through the chain: one engine for each event loop.
///
/// Events gather by ``submit(_:)`` and enter the chain together at ``turn()``. Stages that run on the loop see them
/// as one batch; a stage that answers later has them held in lanes, one for each connection, so that no event
/// overtakes an older one of its connection and answers go out in the order of the events. Each event gets exactly
/// one answer: when it has passed the commit point, or at its end.
///
/// What bounds it: at most `limit` events are held or waiting at a time; beyond, an event is answered `UNAVAILABLE`
/// at once and not taken.
///
/// `Sendable` is not checked by the compiler and holds because everything below is touched on the executor's thread
/// only: the public calls say so and check it in debug builds, and stages that answer from elsewhere go through
/// `executor.execute`.
public final class Engine: @unchecked Sendable {
  /// The chain that new events enter.
  public var chain: Chain { inForce }
  /// Apart from what others see of it, so that the compiler knows all accesses to it and need not check them at run time.
  private var inForce: Chain
  let executor: any EngineExecutor
  let observer: any EngineObserver
  let clock: EngineClock
  let limit: Int

  /// Not checked at run time to be accessed by one at a time: this table and `intake` are values whose methods call nothing
  /// but their own parts and a chain's ``Chain/route(of:)``, so nobody can come back to them within an access, and only the
  /// executor's thread has them.
  @exclusivity(unchecked) var lanes = LaneTable<Held>()
  var flights: [UInt64: Flight] = [:]
  var lastFlight: UInt64 = 0
  /// The flight that is being handed over at this moment, and what came back of it at once.
  var handing: UInt64 = 0
  var returned: EventBatch?
  var figureBook: FigureBook
  /// Chains that are not in force any more and still hold events, by revision.
  var older: [Int: OlderGeneration] = [:]
  /// Sees events pass, while somebody looks.
  public var tap: (any EngineTap)? { didSet { isTapped = tap != nil } }
  private(set) var isTapped = false
  /// Whose answers may have become due.
  var touched: [Connection] = []
  var timerIsSet = false

  @exclusivity(unchecked) private var intake = Intake()
  private var ready: [(chain: Chain, stage: Int, events: [Event])] = []
  private var isRunning = false

  /// An engine that takes events through `chain` on the thread of `executor`.
  ///
  /// - Parameter limit: How many events may be held or waiting at a time.
  public init(
    chain: Chain, executor: any EngineExecutor, observer: any EngineObserver, clock: EngineClock = .system,
    limit: Int = 65_536
  ) {
    inForce = chain
    self.executor = executor
    self.observer = observer
    self.clock = clock
    self.limit = limit
    figureBook = FigureBook(chain)
  }

  /// How many events are held or waiting. On the engine's thread only.
  public var eventsInFlight: Int { lanes.count + intake.count }

  /// What has been counted of each stage of the chain in force, in its order: of all that have ever had its name. On the
  /// engine's thread only.
  public var figures: [StageFigures] { figureBook.ofChain }

  /// Takes an event in; it enters the chain at the next ``turn()``. On the engine's thread only.
  public func submit(_ event: consuming Event) {
    assert(executor.isCurrent, "events are submitted on the engine's own thread")
    let tooMany = intake.take(event, upTo: limit - lanes.count) { inForce.route(of: $0) }
    guard let tooMany else { return }
    refuse(tooMany, Rejection(.unavailable, "too many events are in flight; send the event again"))
  }

  /// Takes in an event that is stored already, for the effects of one stage that it has missed; `false` where the chain
  /// in force has no stage of that name. On the engine's thread only.
  public func submit(committed event: consuming Event, for stage: String) -> Bool {
    assert(executor.isCurrent, "events are submitted on the engine's own thread")
    guard let index = chain.stages.firstIndex(where: { $0.name == stage }) else { return false }
    intake.take(committed: event, route: 1 << UInt64(index))
    return true
  }

  /// Takes in an event that passes the chain with no stage seeing it: that its answer comes shows that the engine takes
  /// events through. On the engine's thread only.
  public func probe(_ event: consuming Event) {
    assert(executor.isCurrent, "events are submitted on the engine's own thread")
    intake.take(committed: event, route: 0)
  }

  /// Takes in an event that is not to enter the chain, since it is malformed: its answer, sent at the next ``turn()``,
  /// keeps its place among those of its connection. On the engine's thread only.
  public func refuse(_ event: consuming Event, _ rejection: Rejection) {
    assert(executor.isCurrent, "events are submitted on the engine's own thread")
    intake.refuse(event, rejection)
  }

  /// Takes what was submitted through the chain. On the engine's thread only; within a turn it does nothing, since
  /// the turn under way takes the event along.
  public func turn() {
    assert(executor.isCurrent, "turns are made on the engine's own thread")
    guard !isRunning else { return }
    isRunning = true
    defer { isRunning = false }
    while true {
      if let next = nextReady() {
        perform(Run(next.chain, next.events, now: clock.monotonic()), from: next.stage)
      } else if !intake.isEmpty {
        perform(intake.run(on: chain, now: clock.monotonic()), from: 0)
      } else {
        return
      }
    }
  }

  /// Has new events enter another chain.
  func enter(_ next: Chain) {
    inForce = next
    intake.forgetRoute()
  }

  /// Begins a run that is not begun by ``turn()``.
  func beginTurn() {
    precondition(!isRunning, "runs are not nested")
    isRunning = true
  }

  /// Ends such a run, and takes along whatever it let in.
  func endTurn() {
    isRunning = false
    turn()
  }

  /// Lets events go on from `stage` at the next chance.
  func enqueue(_ events: [Event], chain: Chain, stage: Int) {
    if let index = ready.firstIndex(where: { $0.chain === chain && $0.stage == stage }) {
      ready[index].events.append(contentsOf: events)
    } else {
      ready.append((chain, stage, events))
    }
  }

  /// The group that is furthest on, oldest chain first, so that nobody is stopped by an event that could move.
  private func nextReady() -> (chain: Chain, stage: Int, events: [Event])? {
    let furthest = ready.indices.min {
      (ready[$0].chain.revision, -ready[$0].stage) < (ready[$1].chain.revision, -ready[$1].stage)
    }
    guard let furthest else { return nil }
    var group = ready.remove(at: furthest)
    group.events.sort { $0.sequence < $1.sequence }
    return group
  }

  /// Takes a run from a stage as far as it gets now, then settles who has ended and lets in who waited.
  func perform(_ run: consuming Run, from first: Int) {
    let stages = run.chain.stages
    var index = first
    while index < stages.count, !run.batch.events.isEmpty {
      let bit: UInt64 = 1 << UInt64(index)
      let stage = stages[index]
      if lanes.count > 0 { park(&run, at: index, stage: stage) }
      if run.common & bit != 0 {
        if !run.batch.events.isEmpty { give(&run, to: stage, at: index) }
      } else if run.any & bit != 0 {
        let passing = run.batch.splitOff { $0.route & bit == 0 }
        if !run.batch.events.isEmpty { give(&run, to: stage, at: index) }
        run.batch.merge(passing)
      }
      index += 1
    }
    if !run.batch.events.isEmpty { run.endAll(.passed, stagesSeen: stages.count) }
    settle(&run)
    intake.keepMemory(of: run)
  }

  /// Holds back those who would overtake an older event of their connection.
  private func park(_ run: inout Run, at index: Int, stage: ChainStage) {
    let joins = stage.keepsOrder ? UInt64(1) << UInt64(index) : 0
    func mayGo(_ event: Event) -> Bool {
      event.connection.lane.isEmpty
        || mayEnter(index, event, run.chain, joining: event.route & joins != 0)
    }
    // Mostly all may go, and stay where they are.
    guard let first = run.batch.events.firstIndex(where: { !mayGo($0) }) else { return }
    var going = Array(run.batch.events[..<first])
    for event in run.batch.events[first...] {
      // Whoever is held is in the way of those behind.
      if mayGo(event) { going.append(event) } else { hold(event, chain: run.chain, place: .waiting(index)) }
    }
    run.batch.events = going
  }

  func mayEnter(_ index: Int, _ event: Event, _ chain: Chain, joining: Bool) -> Bool {
    lanes.mayEnter(
      index, slot: event.slot, sequence: event.sequence, generation: chain.revision, joining: joining,
      lane: event.connection.lane)
  }

  /// Keeps an event in its connection's lane.
  @discardableResult
  func hold(_ event: Event, chain: Chain, place: LaneTable<Held>.Place) -> SlotIndex {
    var index = event.slot
    if index == .none {
      index = lanes.insert(
        Held(event: event, chain: chain), place: place, generation: chain.revision, sequence: event.sequence,
        into: &event.connection.lane)
      lanes[index].held.event?.slot = index
    } else {
      lanes[index].held.event = event
      lanes[index].place = place
    }
    // What is stored needs no further leave: its sender hears of it now, whatever still becomes of its effects.
    if event.isCommitted, event.answer != nil, !lanes[index].held.isAnswered {
      lanes[index].held.reply = reply(to: event, .passed, chain: chain)
      touched.append(event.connection)
    }
    return index
  }

  /// Lets in those who waited behind slots that have moved.
  func wake(behind moved: [SlotIndex]) {
    for slot in moved {
      var index = lanes[slot].next
      walk: while index != .none {
        let next = lanes[index].next
        switch lanes[index].place {
        case .ended: break
        case .running, .inside: break walk
        case .waiting(let stage):
          guard let event = lanes[index].held.event else { break walk }
          let chain = lanes[index].held.chain
          let joining = chain.stages[stage].keepsOrder && event.route & (1 << UInt64(stage)) != 0
          guard mayEnter(stage, event, chain, joining: joining) else { break walk }
          lanes[index].place = .running
          lanes[index].held.event = nil
          enqueue([event], chain: chain, stage: stage)
        }
        index = next
      }
    }
  }
}

import NIOCore
import Pipeline

/// An event for one connection.
typealias OutboundFrame = (outbox: Outbox, bytes: [UInt8])

/// All that the gateway keeps for one event loop: its engine, its connections and what they still have to send.
///
/// Confined to its event loop; from other threads only ``eventLoop`` and what says so may be used.
///
/// `Sendable` is not checked by the compiler and holds because `eventLoop`, `inbox`, `shared` and `clock` are
/// immutable and Sendable, and all else is touched on the event loop only.
final class LoopGateway: @unchecked Sendable {
  let eventLoop: any EventLoop
  private let inbox = LoopInbox<OutboundFrame>()
  let shared: GatewayShared
  let clock: EngineClock
  let engine: Engine
  /// Not checked at run time to be accessed by one at a time, like `counters` and `dirty`: they are read, replaced, counted
  /// up and appended to, which calls nobody who could come back here.
  @exclusivity(unchecked) var settings: GatewaySettings
  @exclusivity(unchecked) var counters = GatewayCounters()
  /// Unpacks messages; made for the first that needs it.
  private(set) lazy var inflater = Inflater()
  private var deflaters: [Int32: Deflater] = [:]
  private var members: [any LoopMember] = []
  @exclusivity(unchecked) private var dirty: [Outbox] = []
  private var flushIsDue = false
  private var turnIsDue = false
  private var ticks: RepeatedTask?

  init(
    eventLoop: any EventLoop, shared: GatewayShared, settings: GatewaySettings, chain: Chain,
    observer: any EngineObserver, clock: EngineClock
  ) {
    self.eventLoop = eventLoop
    self.shared = shared
    self.clock = clock
    self.settings = settings
    engine = Engine(
      chain: chain, executor: LoopExecutor(eventLoop: eventLoop), observer: observer, clock: clock)
  }

  /// Begins to look after deadlines, once a second.
  func start() {
    let gateway = self
    ticks = eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
      gateway.tick()
    }
  }

  /// Takes an event in. Events of one turn of the loop enter the chain together, whichever connection they are of.
  func submit(_ event: consuming Event) {
    engine.submit(event)
    turnLater()
  }

  /// Takes a stored event in for one stage alone; `false` where the chain in force has none of that name.
  func submit(committed event: consuming Event, for stage: String) -> Bool {
    guard engine.submit(committed: event, for: stage) else { return false }
    turnLater()
    return true
  }

  /// Answers an event with a refusal of the gateway's own, at its place among its connection's answers.
  func refuse(_ event: consuming Event, _ rejection: Rejection) {
    engine.refuse(event, rejection)
    turnLater()
  }

  /// Sends a probe through the loop and its engine, from any thread; `done` is called on the loop when it has come through.
  func probe(_ done: @escaping @Sendable () -> Void) {
    let gateway = self
    eventLoop.execute {
      let connection = Connection(id: gateway.shared.nextConnectionID(), ingress: .local, remoteAddress: "")
      connection.sink = ProbeSink(done)
      gateway.engine.probe(Event(.probe, connection: connection, arrival: gateway.clock.monotonic()))
      gateway.turnLater()
    }
  }

  private func turnLater() {
    guard !turnIsDue else { return }
    turnIsDue = true
    let gateway = self
    eventLoop.execute {
      gateway.turnIsDue = false
      gateway.engine.turn()
    }
  }

  /// Sends frames of this loop's connections, from any thread.
  func send(_ frames: [OutboundFrame]) {
    guard inbox.add(frames) else { return }
    let gateway = self
    eventLoop.execute { gateway.sendPosted() }
  }

  /// Sends an event on a connection of this loop, behind what other threads have for this loop.
  func send(_ event: [UInt8], on outbox: Outbox) {
    sendPosted()
    outbox.send(event)
  }

  private func sendPosted() {
    for frame in inbox.take() { frame.outbox.send(frame.bytes) }
  }

  /// Has an outbox flushed when this turn's work is done.
  func flushLater(_ outbox: Outbox) {
    dirty.append(outbox)
    guard !flushIsDue else { return }
    flushIsDue = true
    let gateway = self
    eventLoop.execute {
      gateway.flushIsDue = false
      let outboxes = gateway.dirty
      gateway.dirty.removeAll(keepingCapacity: outboxes.count <= 4096)
      for outbox in outboxes { outbox.flush() }
    }
  }

  /// Packs messages for windows of a size; made for the first that needs it.
  func deflater(_ windowBits: Int32) -> Deflater? {
    if let deflater = deflaters[windowBits] { return deflater }
    let deflater = Deflater(windowBits: windowBits)
    deflaters[windowBits] = deflater
    return deflater
  }

  /// Looks after a connection from now on.
  func add(_ member: any LoopMember) {
    member.place = Int32(members.count)
    members.append(member)
  }

  /// Looks after a connection no more.
  func remove(_ member: any LoopMember) {
    guard member.place >= 0 else { return }
    let place = Int(member.place)
    members.swapAt(place, members.count - 1)
    members[place].place = member.place
    members.removeLast()
    member.place = -1
  }

  /// What is still to be done here: connections that are open and events that are under way.
  var load: Int { members.count + engine.eventsInFlight }

  /// How many bytes wait until clients take them. Looks at each connection, as the tick does.
  var backlog: Int { members.reduce(0) { $0 + $1.backlog } }

  /// Says goodbye to all connections, one after the other, evenly over a window.
  func sayGoodbye(within window: Duration) -> EventLoopFuture<Void> {
    let leaving = members
    guard !leaving.isEmpty else { return eventLoop.makeSucceededVoidFuture() }
    let step = window.wholeNanoseconds / Int64(leaving.count)
    // With few connections there is no crowd to spread.
    let pause = leaving.count < 100 ? 0 : step
    let done = eventLoop.makePromise(of: Void.self)
    let last = leaving.count - 1
    for (index, member) in leaving.enumerated() {
      let bound = NIOLoopBound(member, eventLoop: eventLoop)
      eventLoop.scheduleTask(in: .nanoseconds(pause * Int64(index))) {
        bound.value.drain()
        if index == last { done.succeed() }
      }
    }
    return done.futureResult
  }

  private func tick() {
    let now = clock.monotonic()
    let wall = clock.wall()
    // Backwards, since a connection that is closed here takes itself out and moves the last into its place.
    for index in members.indices.reversed() where index < members.count {
      members[index].tick(now: now, wall: wall)
    }
  }
}

/// A connection that a loop looks after. Confined to the loop.
protocol LoopMember: AnyObject {
  /// Where it stands in the loop's list; the list's own business.
  var place: Int32 { get set }
  /// How many bytes wait until its client takes them.
  var backlog: Int { get }

  /// Looks after its deadlines; called about once a second.
  func tick(now: UInt64, wall: Timestamp)

  /// Says goodbye: the daemon is about to end.
  func drain()
}

/// An engine's executor on an event loop.
struct LoopExecutor: EngineExecutor {
  let eventLoop: any EventLoop

  func execute(_ work: @escaping @Sendable () -> Void) { eventLoop.execute(work) }

  func execute(after delay: Duration, _ work: @escaping @Sendable () -> Void) {
    eventLoop.scheduleTask(in: .nanoseconds(delay.wholeNanoseconds), work)
  }

  var isCurrent: Bool { eventLoop.inEventLoop }
}

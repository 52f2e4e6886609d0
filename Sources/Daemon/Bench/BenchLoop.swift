import NIOCore
import NIOPosix
import Pipeline

/// The clients of one event loop, and what they have counted. Used on that loop only.
final class BenchLoop {
  /// What is counted of what happens now.
  enum Phase { case warmUp, measured, draining, over }

  let plan: BenchPlan
  let eventLoop: any EventLoop
  /// What contents are filled up from.
  let filling: String
  var tally = BenchTally()
  var phase = Phase.warmUp
  private var clients: [BenchClient] = []
  private var channels: [any Channel] = []
  private let clock = EngineClock.system
  /// How often what is due is sent, where a rate is given.
  private static let tick = TimeAmount.microseconds(500)
  /// How long a server may take to let a client in: one of another protocol may wait for the client to speak first.
  private static let secondsToLetIn: Int64 = 30

  init(_ plan: BenchPlan, on eventLoop: any EventLoop) {
    self.plan = plan
    self.eventLoop = eventLoop
    filling = String(repeating: "x", count: plan.contentBytes)
  }

  /// Nanoseconds of the clock that latencies are taken by.
  var now: UInt64 { clock.monotonic() }
  /// Whether an answer makes room for the next message.
  var isClosed: Bool { plan.rate == nil && (phase == .warmUp || phase == .measured) }
  /// Whether connections may end.
  var isEnding: Bool { phase == .over }

  /// Connects one client, and succeeds when it may send.
  func connect(_ number: Int, token: String) -> EventLoopFuture<Void> {
    let ready = eventLoop.makePromise(of: Void.self)
    let isSilent = number >= 2 * plan.pairs
    let address = plan.addresses[number % plan.addresses.count]
    let client = BenchClient(
      self, plan.wire.wire(user: plan.user(number), token: token),
      peer: isSilent ? nil : plan.user(number ^ 1), host: address.host, ready: ready)
    if !isSilent { clients.append(client) }
    let bound = NIOLoopBound(client, eventLoop: eventLoop)
    let isEncrypted = plan.isEncrypted
    let bootstrap = ClientBootstrap(group: eventLoop).channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if isEncrypted { try pipeline.addHandler(ChatClient.encryption(to: address)) }
          try pipeline.addHandler(bound.value)
        }
      }
    let connected: EventLoopFuture<any Channel> =
      switch address {
      case .tcp(let host, let port): bootstrap.connect(host: host, port: port)
      case .unix(let path): bootstrap.connect(unixDomainSocketPath: path)
      case .systemd:
        eventLoop.makeFailedFuture(
          CommandError("where it listens is for systemd to say; give --at HOST:PORT or --at unix:/PATH"))
      }
    let deadline = eventLoop.scheduleTask(in: .seconds(Self.secondsToLetIn)) {
      ready.fail(CommandError("the server let a client wait for \(Self.secondsToLetIn) s"))
    }
    ready.futureResult.whenComplete { _ in deadline.cancel() }
    let own = NIOLoopBound(self, eventLoop: eventLoop)
    connected.whenComplete { result in
      switch result {
      case .success(let channel): own.value.channels.append(channel)
      case .failure(let error): ready.fail(CommandError("no server answers at \(address): \(error)"))
      }
    }
    return ready.futureResult
  }

  /// Begins to send.
  ///
  /// - Parameter share: The messages a second of this loop's clients, where a rate is given.
  func start(share: Double?) {
    guard !clients.isEmpty else { return }
    guard let share else {
      for client in clients {
        for _ in 0..<plan.depth { client.send(due: now) }
      }
      return
    }
    pace(from: now, gap: 1e9 / share, sent: 0)
  }

  /// Sends what has become due, late or not: its latency counts from when it was due.
  private func pace(from start: UInt64, gap: Double, sent: Int) {
    guard phase == .warmUp || phase == .measured else { return }
    var sent = sent
    let now = now
    while true {
      let due = start + UInt64(Double(sent) * gap)
      guard due <= now else { break }
      clients[sent % clients.count].send(due: due)
      sent += 1
    }
    let next = sent
    after(Self.tick) { self.pace(from: start, gap: gap, sent: next) }
  }

  /// Does something on this loop later.
  func after(_ delay: TimeAmount, _ body: @escaping () -> Void) {
    let bound = NIOLoopBound(body, eventLoop: eventLoop)
    eventLoop.scheduleTask(in: delay) { bound.value() }
  }

  func acknowledged(due: UInt64) {
    tally.ackedInAll += 1
    guard phase == .measured else { return }
    tally.acked += 1
    tally.acknowledgement.record(now - min(now, due))
  }

  func delivered(due: UInt64, _ place: BenchSeries.Place) {
    switch place {
    case .again: return tally.doubled += 1
    case .late: tally.reordered += 1
    case .next: break
    }
    tally.deliveredInAll += 1
    guard phase == .measured else { return }
    tally.delivered += 1
    tally.delivery.record(now - min(now, due))
  }

  func answeredReceipt() {
    if phase == .measured { tally.receipts += 1 }
  }

  /// Closes all connections.
  func close() {
    phase = .over
    for channel in channels { channel.close(promise: nil) }
  }
}

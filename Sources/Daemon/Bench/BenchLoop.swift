import NIOCore
import NIOPosix
import Pipeline

/// One event loop of a load: its clock, and its connections. Used on that loop only.
final class BenchLoop {
  /// What is counted of what happens now.
  enum Phase { case warmUp, measured, draining, over }

  let plan: BenchPlan
  let eventLoop: any EventLoop
  /// What contents are filled up from.
  let filling: String
  var phase = Phase.warmUp {
    didSet {
      switch (oldValue, phase) {
      case (_, .measured): measured.append(now..<UInt64.max)
      case (.measured, _): measured.append(measured.removeLast().clamped(to: 0..<now))
      default: break
      }
    }
  }
  /// The measured times, from when to when; the one that is still under way has no end.
  private(set) var measured: [Range<UInt64>] = []
  private let targets: [BenchTarget]
  private var channels: [ObjectIdentifier: any Channel] = [:]
  private let clock = EngineClock.system
  /// How long a server may take to let a client in, where it is not given more: one of another protocol may wait for
  /// the client to speak first.
  private static let toLetInMin = TimeAmount.seconds(30)

  init(_ plan: BenchPlan, _ targets: [BenchTarget], on eventLoop: any EventLoop) {
    self.plan = plan
    self.targets = targets
    self.eventLoop = eventLoop
    filling = String(repeating: "x", count: plan.contentBytes)
  }

  /// Nanoseconds of the clock that latencies are taken by; the same on all loops.
  var now: UInt64 { clock.monotonic() }
  /// The time of day.
  var wall: Timestamp { clock.wall() }
  /// The number of the measured time that a moment is in.
  func window(of moment: UInt64) -> Int? { measured.lastIndex { $0.contains(moment) } }
  /// Whether messages are still sent.
  var isSending: Bool { phase == .warmUp || phase == .measured }
  /// Whether an answer makes room for the next message.
  var isClosed: Bool { plan.rate == nil && isSending }

  /// Connects one client, and succeeds when it may send.
  func connect(_ number: Int, token: String, _ role: any BenchRole) -> EventLoopFuture<Void> {
    let ready = eventLoop.makePromise(of: Void.self)
    let target = targets[number % targets.count]
    let client = BenchClient(
      self, plan.wire.wire(user: plan.user(number), token: token), role, host: target.address.host,
      ready: ready)
    let bound = NIOLoopBound(client, eventLoop: eventLoop)
    let isEncrypted = plan.isEncrypted
    let toLetIn = max(Self.toLetInMin, TimeAmount(plan.patience))
    var bootstrap = ClientBootstrap(group: eventLoop)
      .connectTimeout(toLetIn)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if isEncrypted { try pipeline.addHandler(ChatClient.encryption(to: target.address)) }
          try pipeline.addHandler(bound.value)
        }
      }
    if case .tcp = target.address { bootstrap = bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1) }
    if let bytes = role.receiveBuffer {
      bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: .init(bytes))
    }
    let deadline = eventLoop.scheduleTask(in: toLetIn) {
      bound.value.giveUp("the server let a client wait for \(toLetIn.nanoseconds / 1_000_000_000) s")
    }
    ready.futureResult.whenComplete { _ in deadline.cancel() }
    let own = NIOLoopBound(self, eventLoop: eventLoop)
    bootstrap.connect(to: target.socket).whenComplete { result in
      switch result {
      case .success(let channel):
        own.value.channels[ObjectIdentifier(channel)] = channel
        channel.closeFuture.whenComplete { _ in own.value.channels[ObjectIdentifier(channel)] = nil }
      case .failure(let error): ready.fail(CommandError("no server answers at \(target.address): \(error)"))
      }
    }
    return ready.futureResult
  }

  /// Does something on this loop later.
  func after(_ delay: TimeAmount, _ body: @escaping () -> Void) {
    let bound = NIOLoopBound(body, eventLoop: eventLoop)
    eventLoop.scheduleTask(in: delay) { bound.value() }
  }

  /// Closes all connections.
  func close() {
    phase = .over
    for channel in channels.values { channel.close(promise: nil) }
  }
}

import Logging
import NIOCore
import Services
import Synchronization

/// A connection that comes back: one event loop's way to one server, through as many lives as it takes.
///
/// Callable from any thread. What is submitted within one turn of the loop goes out in one flush; while the connection
/// is down, or too much is outstanding, calls fail at once, on the caller's thread.
final class RedisLink: Sendable {
  private struct Inbox {
    var isOpen = false
    var isScheduled = false
    var bytes = ByteBuffer()
    var requests: [Request] = []
    /// What was submitted and not answered, unsent commands included.
    var outstanding = (count: 0, bytes: 0)
  }

  let loop: any EventLoop
  let counters: RedisCounters
  private let dialer: RedisDialer
  private let greeting: Greeting
  private let options: RedisOptions
  private let watcher: Watcher
  private let logger: Logger?
  private let inbox = Mutex(Inbox())
  private let life: NIOLoopBoundBox<LinkLife>
  private let first: EventLoopPromise<Void>

  /// Succeeds with the first life, and fails with the first attempt, whichever it is.
  var firstAttempt: EventLoopFuture<Void> { first.futureResult }

  /// A link that is not connected yet.
  ///
  /// - Parameter logger: Told of losses and returns, where this link speaks for the others too.
  init(
    on loop: any EventLoop, _ dialer: RedisDialer, _ greeting: Greeting, _ options: RedisOptions,
    _ counters: RedisCounters, logger: Logger?, _ watcher: Watcher
  ) {
    self.loop = loop
    self.dialer = dialer
    self.greeting = greeting
    self.options = options
    self.counters = counters
    self.logger = logger
    self.watcher = watcher
    life = .makeBoxSendingValue(LinkLife(), eventLoop: loop)
    first = loop.makePromise()
  }

  /// The server's host, where it is a single one.
  var host: String { dialer.host ?? "" }

  /// Whether commands can be sent.
  var isOpen: Bool { inbox.withLock { $0.isOpen } }

  /// Begins to connect, and goes on until it is stopped.
  func start() { loop.execute { self.connect() } }

  /// Closes for good.
  func stop() async {
    _ = await loop.submit {
      self.life.value.isStopped = true
      self.first.fail(RedisError("the shared state was closed"))
      self.life.value.handler?.end(RedisError("the shared state was closed"))
    }.outcome()
  }

  /// Sends commands, one after the other.
  func submit(_ batch: CommandBatch) {
    let count = batch.requests.count
    let bytes = batch.bytes.readableBytes
    let (refusal, mustSchedule) = inbox.withLock { inbox -> (String?, Bool) in
      guard inbox.isOpen else { return ("Redis is not connected", false) }
      guard inbox.outstanding.count + count <= options.commandsOutstandingMax,
        inbox.outstanding.bytes + bytes <= options.bytesOutstandingMax
      else { return ("too much awaits an answer of Redis", false) }
      inbox.outstanding.count += count
      inbox.outstanding.bytes += bytes
      inbox.bytes.writeImmutableBuffer(batch.bytes)
      inbox.requests += batch.requests
      defer { inbox.isScheduled = true }
      return (nil, !inbox.isScheduled)
    }
    if let refusal {
      counters.failures.add(count, ordering: .relaxed)
      batch.fail(refusal)
    } else if mustSchedule {
      loop.execute { self.flush() }
    }
  }

  private func flush() {
    let (bytes, requests) = inbox.withLock { inbox in
      defer {
        inbox.bytes = ByteBuffer()
        inbox.requests = []
        inbox.isScheduled = false
      }
      return (inbox.bytes, inbox.requests)
    }
    guard !requests.isEmpty, let handler = life.value.handler else { return }
    counters.commands.add(requests.count, ordering: .relaxed)
    counters.flushes.add(1, ordering: .relaxed)
    handler.send(bytes, requests)
  }

  private func connect() {
    guard !life.value.isStopped else { return }
    let attempt = dialer.connect(on: loop) { RedisChannelHandler(self.greeting, self.options, self) }
    attempt.whenFailure { error in
      self.closed(error as? RedisError ?? RedisError("Redis can't be reached: \(error)"))
    }
  }

  // MARK: What the handler tells, on the loop

  func opened(_ handler: RedisChannelHandler) {
    guard !life.value.isStopped else { return handler.end(RedisError("the shared state was closed")) }
    let isReturn = life.value.lives > 0
    life.value.lives += 1
    life.value.handler = handler
    life.value.backoff.reset()
    watcher.opening(isReturn)
    inbox.withLock { $0.isOpen = true }
    if isReturn { counters.reconnects.add(1, ordering: .relaxed) }
    if life.value.lastFault != nil { logger?.notice("Redis is back") }
    life.value.lastFault = nil
    first.succeed()
    watcher.opened()
  }

  func delivered(_ bytes: [UInt8]) { watcher.delivered(bytes) }

  func answered(count: Int, bytes: Int) {
    guard count > 0 else { return }
    inbox.withLock { inbox in
      inbox.outstanding.count -= count
      inbox.outstanding.bytes -= bytes
    }
  }

  func closed(_ reason: RedisError) {
    life.value.handler = nil
    let unsent = inbox.withLock { inbox in
      defer {
        let isScheduled = inbox.isScheduled
        inbox = Inbox()
        inbox.isScheduled = isScheduled
      }
      return inbox.requests
    }
    counters.failures.add(unsent.count, ordering: .relaxed)
    for request in unsent { request.then(.failure(StateError(reason.description))) }
    first.fail(reason)
    watcher.closed()
    guard !life.value.isStopped else { return }
    // What trying again can't mend is said by whoever waits for the first attempt.
    let isToldElsewhere = reason.isLasting && !life.value.hasTried
    life.value.hasTried = true
    if life.value.lastFault != reason, !isToldElsewhere {
      logger?.warning("Redis can't be used now", metadata: ["reason": "\(reason)"])
    }
    life.value.lastFault = reason
    loop.scheduleTask(in: life.value.backoff.next()) { self.connect() }
  }
}

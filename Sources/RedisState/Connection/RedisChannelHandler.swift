import NIOCore
import Services
import Synchronization

/// Drives one life of one connection: feeds the machine with replies and time, and does what it says.
///
/// Confined to the channel's event loop.
final class RedisChannelHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private var machine: RedisConnectionMachine<Request>
  private let reader: ReplyReader
  private let greeting: Greeting
  private let link: RedisLink
  private var context: ChannelHandlerContext?
  private var timer: Scheduled<Void>?
  private var answered = (count: 0, bytes: 0)
  private var isOver = false

  init(_ greeting: Greeting, _ options: RedisOptions, _ link: RedisLink) {
    self.greeting = greeting
    self.link = link
    reader = ReplyReader(limit: options.replyBytesMax)
    machine = RedisConnectionMachine(
      greeting, timeout: TimeAmount(options.timeout),
      connectingUntil: .now() + TimeAmount(options.connectTimeout))
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    if context.channel.isActive { perform(machine.connected(at: .now())) }
  }

  func channelActive(context: ChannelHandlerContext) { perform(machine.connected(at: .now())) }

  /// Writes commands and flushes them.
  func send(_ bytes: ByteBuffer, _ requests: [Request]) {
    guard let context, !isOver else { return requests.forEach { fail($0, "Redis is not connected") } }
    let now = NIODeadline.now()
    for request in requests { machine.sent(request, at: now) }
    context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    watchTime()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    do {
      try reader.feed(unwrapInboundIn(data))
      while !isOver, let reply = try reader.next() { perform(machine.received(reply)) }
    } catch { end(error) }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    if !isOver { link.answered(count: answered.count, bytes: answered.bytes) }
    answered = (0, 0)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    end(RedisError("the connection failed: \(error)"))
  }

  func channelInactive(context: ChannelHandlerContext) { end(RedisError("Redis closed the connection")) }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  /// Ends this life. What is outstanding fails at once, also where the socket takes its time to close.
  func end(_ reason: RedisError) {
    guard !isOver else { return }
    isOver = true
    timer?.cancel()
    let outstanding = machine.lost()
    link.closed(reason)
    for request in outstanding { fail(request, reason.description) }
    context?.close(promise: nil)
  }

  private func perform(_ action: RedisConnectionMachine<Request>.Action) {
    switch action {
    case .none: break
    case .greet: greet()
    case .open: link.opened(self)
    case .answer(let request, let reply): answer(request, reply)
    case .answerThenClose(let request, let reply, let reason):
      answer(request, reply)
      end(reason)
    case .deliver(let bytes): link.delivered(bytes)
    case .close(let reason): end(reason)
    }
    watchTime()
  }

  private func greet() {
    var writer = RESPWriter()
    for step in greeting.steps { greeting.write(step, to: &writer) }
    context?.writeAndFlush(wrapOutboundOut(writer.buffer), promise: nil)
  }

  private func answer(_ request: Request, _ reply: RESPValue) {
    answered.count += 1
    answered.bytes += request.size
    guard case .error(let text) = reply else { return request.then(.success(reply)) }
    if let rescue = request.rescue, rescue(text, link) { return }
    fail(request, "Redis says: \(text)")
  }

  private func fail(_ request: Request, _ reason: String) {
    link.counters.failures.add(1, ordering: .relaxed)
    request.then(.failure(StateError(reason)))
  }

  /// One timer a connection: it is set anew only when it has run out.
  private func watchTime() {
    guard timer == nil, !isOver, let context, let deadline = machine.deadline else { return }
    timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
      self.timer = nil
      self.perform(self.machine.tick(at: .now()))
    }
  }
}

@available(*, unavailable)
extension RedisChannelHandler: Sendable {}

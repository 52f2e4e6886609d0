import NIOCore

/// One client of a load: opens a WebSocket, sends messages to its peer, and counts what comes back. Used on its event
/// loop only.
final class BenchClient: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let loop: BenchLoop
  /// Whom it writes to; `nil` of one that stays silent.
  private let peer: String?
  private let handshake: ClientHandshake
  private let ready: EventLoopPromise<Void>
  private var context: ChannelHandlerContext?
  private var wire: any BenchWire
  private var parser = FrameParser(.client)
  private var unread = ByteBuffer()
  private var outgoing: ClientFrames
  private var incoming: [BenchIncoming] = []
  private var isUpgraded = false
  private var isReading = false
  private var isReady = false
  private var nextNumber = 0
  /// What awaits an answer: when it was due, by its number.
  private var open: [Int: UInt64] = [:]
  private var came = BenchSeries()

  /// - Parameter ready: Succeeds when it may send.
  init(_ loop: BenchLoop, _ wire: any BenchWire, peer: String?, host: String, ready: EventLoopPromise<Void>) {
    self.loop = loop
    self.wire = wire
    self.peer = peer
    self.ready = ready
    outgoing = ClientFrames(isText: wire.isText)
    handshake = ClientHandshake(
      host: host, target: wire.target, bearer: wire.bearer, subprotocol: wire.subprotocol)
  }

  /// Sends a message that was due at a moment.
  func send(due: UInt64) {
    guard let peer, isReady else { return }
    let number = nextNumber
    nextNumber += 1
    open[number] = due
    loop.tally.sent += 1
    let content = BenchContent(due: due, number: number).text(filledFrom: loop.filling)
    wire.send(number, to: peer, content, &outgoing)
    flush()
  }

  // MARK: The connection

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func channelActive(context: ChannelHandlerContext) {
    context.writeAndFlush(Self.wrapOutboundOut(handshake.request), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = Self.unwrapInboundIn(data)
    unread.writeBuffer(&bytes)
    isReading = true
    if !isUpgraded { readResponse(context) }
    guard isUpgraded else { return }
    do throws(FrameFault) {
      while let message = try parser.next(from: &unread, limit: 16 << 20) { take(message, context) }
      unread.discardReadBytes()
    } catch {
      end("the server broke the protocol: \(error.description)", context)
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    isReading = false
    flush()
  }

  func channelInactive(context: ChannelHandlerContext) {
    if isReady, !loop.isEnding { loop.tally.closed += 1 }
    isReady = false
    self.context = nil
    ready.fail(CommandError("the server closed the connection"))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    end("the connection failed: \(error)", context)
  }

  private func readResponse(_ context: ChannelHandlerContext) {
    switch handshake.read(&unread) {
    case .unfinished: break
    case .open:
      isUpgraded = true
      wire.open(&outgoing)
    case .refused(let reason): end("the server refused the connection: \(reason.printable)", context)
    case .noHTTP: end("the server's answer is no HTTP", context)
    }
  }

  private func end(_ reason: String, _ context: ChannelHandlerContext) {
    ready.fail(CommandError(reason))
    context.close(promise: nil)
  }

  /// Writes what is to be sent; while frames are read, once for all of them.
  private func flush() {
    guard !isReading, let context, let frames = outgoing.take() else { return }
    context.writeAndFlush(Self.wrapOutboundOut(frames), promise: nil)
  }

  // MARK: What comes in

  private func take(_ message: FrameParser.Message, _ context: ChannelHandlerContext) {
    switch message {
    case .text(let payload), .binary(let payload):
      wire.receive(payload, &outgoing, &incoming)
      for one in incoming { take(one, context) }
      incoming.removeAll(keepingCapacity: true)
    case .ping(let payload): outgoing.append(pong: payload)
    case .close(let code):
      end("the server closed the connection\(code.map { " with code \($0)" } ?? "")", context)
    case .packed, .pong: break
    }
  }

  private func take(_ incoming: BenchIncoming, _ context: ChannelHandlerContext) {
    switch incoming {
    case .ready:
      isReady = true
      ready.succeed()
    case .acknowledged(let number):
      guard let due = open.removeValue(forKey: number) else { return loop.tally.doubled += 1 }
      loop.acknowledged(due: due)
      if loop.isClosed { send(due: loop.now) }
    case .delivered(let content, let id): received(content, id)
    case .refused(let number, let code, let pause): refused(number, code, retryAfterMs: pause)
    case .receipt: loop.answeredReceipt()
    case .ended(let reason): end("the server refused the connection: \(reason.printable)", context)
    }
  }

  private func received(_ content: ArraySlice<UInt8>, _ id: String?) {
    guard let content = BenchContent(content) else { return }
    loop.delivered(due: content.due, came.take(content.number))
    if loop.plan.sendsReceipts, let id { wire.confirm(id, &outgoing) }
  }

  private func refused(_ number: Int?, _ code: String, retryAfterMs: Int?) {
    loop.tally.refusals[code.printable, default: 0] += 1
    guard let number, open.removeValue(forKey: number) != nil, loop.isClosed else { return }
    // What a server refuses at once must not be asked at once again.
    let pause = max(100, min(10_000, retryAfterMs ?? 0))
    loop.after(.milliseconds(Int64(pause))) { self.send(due: self.loop.now) }
  }
}

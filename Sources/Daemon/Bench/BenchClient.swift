import NIOCore

/// The connection of one client of a load: opens a WebSocket, and carries what its role sends and is told. Used on its
/// event loop only.
final class BenchClient: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let loop: BenchLoop
  private let role: any BenchRole
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
  private var isEnding = false
  private var closeCode: UInt16?

  /// - Parameter ready: Succeeds when it may send.
  init(
    _ loop: BenchLoop, _ wire: any BenchWire, _ role: any BenchRole, host: String,
    ready: EventLoopPromise<Void>
  ) {
    self.loop = loop
    self.wire = wire
    self.role = role
    self.ready = ready
    outgoing = ClientFrames(isText: wire.isText)
    handshake = ClientHandshake(
      host: host, target: wire.target, bearer: wire.bearer, subprotocol: wire.subprotocol)
  }

  // MARK: What a role does with it

  /// Sends a message.
  func send(_ number: Int, to receiver: String, _ content: String) {
    wire.send(number, to: receiver, content, &outgoing)
    flush()
  }

  /// Says that a message was delivered and read.
  func confirm(_ id: String) {
    wire.confirm(id, &outgoing)
    flush()
  }

  /// Asks for what has changed since a cursor.
  func sync(from cursor: String) {
    wire.sync(from: cursor, limit: SyncPage.limit(contentBytes: loop.plan.contentBytes), &outgoing)
    flush()
  }

  /// Reads on, or leaves to the kernel what comes.
  func setReading(_ isOn: Bool) {
    context?.channel.setOption(.autoRead, value: isOn).whenFailure { _ in }
  }

  /// Closes the connection; succeeds when that is done.
  func close() -> EventLoopFuture<Void> {
    isEnding = true
    guard let context else { return loop.eventLoop.makeSucceededVoidFuture() }
    context.close(promise: nil)
    return context.channel.closeFuture
  }

  /// Ends what has taken too long, so that it does not become ready after all.
  func giveUp(_ reason: String) {
    isEnding = true
    ready.fail(CommandError(reason))
    context?.close(promise: nil)
  }

  // MARK: The connection

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func channelActive(context: ChannelHandlerContext) {
    guard !isEnding else { return context.close(promise: nil) }
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
    self.context = nil
    ready.fail(CommandError("the server closed the connection"))
    if isReady, !isEnding, loop.phase != .over { role.lost(code: closeCode) }
    isReady = false
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
      closeCode = code
      end("the server closed the connection\(code.map { " with code \($0)" } ?? "")", context)
    case .packed, .pong: break
    }
  }

  private func take(_ incoming: BenchIncoming, _ context: ChannelHandlerContext) {
    switch incoming {
    case .ready:
      isReady = true
      role.opened(self)
      ready.succeed()
    case .ended(let reason): end("the server refused the connection: \(reason.printable)", context)
    default: role.take(incoming, self)
    }
  }
}

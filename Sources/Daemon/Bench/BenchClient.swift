import NIOCore
import Pipeline

/// One client of a load: opens a WebSocket, sends messages to its peer, and counts what comes back. Used on its event
/// loop only.
final class BenchClient: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let loop: BenchLoop
  private let user: String
  /// Whom it writes to; `nil` of one that stays silent.
  private let peer: String?
  private let token: String
  private let host: String
  private let key = Handshake.newKey()
  private let ready: EventLoopPromise<Void>
  private var context: ChannelHandlerContext?
  private var parser = FrameParser(.client)
  private var unread = ByteBuffer()
  private var outgoing = ByteBuffer()
  private var isUpgraded = false
  private var isReading = false
  private var isReady = false
  private var nextNumber = 0
  /// What awaits an answer: when it was due, by its number.
  private var open: [Int: UInt64] = [:]
  private var came = BenchSeries()

  /// - Parameter ready: Succeeds when it may send.
  init(
    _ loop: BenchLoop, user: String, peer: String?, token: String, host: String, ready: EventLoopPromise<Void>
  ) {
    self.loop = loop
    self.user = user
    self.peer = peer
    self.token = token
    self.host = host
    self.ready = ready
  }

  /// Sends a message that was due at a moment.
  func send(due: UInt64) {
    guard let peer, isReady else { return }
    let number = nextNumber
    nextNumber += 1
    open[number] = due
    loop.tally.sent += 1
    var content = "\(due) \(number) "
    content += String(repeating: "x", count: max(0, loop.plan.contentBytes - content.utf8.count))
    write(
      loop.wire.text("NEW_MESSAGE") { data in
        data.member("tempId", String(number))
        data.member("receiverId", peer)
        data.member("content", content)
      })
  }

  // MARK: The connection

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func channelActive(context: ChannelHandlerContext) {
    let request = """
      GET \(loop.wire.target) HTTP/1.1\r
      Host: \(host)\r
      Upgrade: websocket\r
      Connection: Upgrade\r
      Sec-WebSocket-Version: 13\r
      Sec-WebSocket-Key: \(key)\r
      Authorization: Bearer \(token)\r
      \r

      """
    context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(string: request)), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = Self.unwrapInboundIn(data)
    unread.writeBuffer(&bytes)
    if !isUpgraded { readResponse(context) }
    guard isUpgraded else { return }
    isReading = true
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
    let text = String(buffer: unread)
    guard let blank = text.firstRange(of: "\r\n\r\n") else {
      if unread.readableBytes > 65_536 { end("the server's answer is no HTTP", context) }
      return
    }
    let head = text[..<blank.lowerBound]
    guard head.hasPrefix("HTTP/1.1 101"), head.contains(Handshake.accept(key)) else {
      let status = head.prefix { $0 != "\r\n" && $0 != "\r" }.dropFirst(9)
      return end("the server refused the connection: \(String(status).printable)", context)
    }
    isUpgraded = true
    unread.moveReaderIndex(forwardBy: text[..<blank.upperBound].utf8.count)
  }

  private func end(_ reason: String, _ context: ChannelHandlerContext) {
    ready.fail(CommandError(reason))
    context.close(promise: nil)
  }

  private func write(_ text: [UInt8]) {
    FrameWriter.append(text: text, to: &outgoing, mask: 0)
    if !isReading { flush() }
  }

  private func flush() {
    guard outgoing.readableBytes > 0, let context else { return }
    context.writeAndFlush(Self.wrapOutboundOut(outgoing), promise: nil)
    outgoing = ByteBuffer()
  }

  // MARK: What comes in

  private func take(_ message: FrameParser.Message, _ context: ChannelHandlerContext) {
    switch message {
    case .text(let text): take(loop.wire.read(text, token: token), context)
    case .ping(let payload): FrameWriter.append(pong: payload, to: &outgoing, mask: 0)
    case .close(let code):
      end("the server closed the connection\(code.map { " with code \($0)" } ?? "")", context)
    case .binary, .packed, .pong: break
    }
  }

  private func take(_ incoming: BenchWire.Incoming, _ context: ChannelHandlerContext) {
    switch incoming {
    case .ready:
      isReady = true
      ready.succeed()
    case .reply(let text): write(text)
    case .refused(let reason): end("the server refused the connection: \(reason.printable)", context)
    case .event(let type, let data): take(type, data)
    case .other: break
    }
  }

  private func take(_ type: EventType, _ data: EventData) {
    switch type {
    case .messageSent:
      guard let number = data.string("tempId").flatMap({ Int($0) }) else { return }
      guard let due = open.removeValue(forKey: number) else { return loop.tally.doubled += 1 }
      loop.acknowledged(due: due)
      if loop.isClosed { send(due: loop.now) }
    case .newMessage: received(data)
    case .error: refused(data)
    case .messageDeliveredUpdate where data.string("receiverId") == user,
      .messageReadUpdate where data.string("readerId") == user:
      loop.answeredReceipt()
    default: break
    }
  }

  private func received(_ data: EventData) {
    let parts = (data.string("content") ?? "").split(separator: " ", maxSplits: 2)
    guard parts.count == 3, let due = UInt64(parts[0]), let number = Int(parts[1]), number < 1 << 32 else {
      return
    }
    loop.delivered(due: due, came.take(number))
    guard loop.plan.sendsReceipts, let id = data.string("messageId") else { return }
    write(loop.wire.text("MESSAGE_DELIVERED") { $0.member("messageId", id) })
    write(loop.wire.text("MESSAGE_READ") { $0.member("messageId", id) })
  }

  private func refused(_ data: EventData) {
    loop.tally.refusals[(data.string("code") ?? "ERROR").printable, default: 0] += 1
    guard let number = data.string("tempId").flatMap({ Int($0) }), open.removeValue(forKey: number) != nil,
      loop.isClosed
    else { return }
    // What a server refuses at once must not be asked at once again.
    let pause = max(100, min(10_000, data.integer("retryAfterMs") ?? 0))
    loop.after(.milliseconds(Int64(pause))) { self.send(due: self.loop.now) }
  }
}

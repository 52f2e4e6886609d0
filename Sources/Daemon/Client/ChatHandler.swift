import NIOCore

/// The client's end of a WebSocket: asks for the upgrade, checks the answer, then takes frames.
final class ChatHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let handshake: ClientHandshake
  private let queue: FrameQueue
  private var parser = FrameParser(.client)
  private var unread = ByteBuffer()
  private var isOpen = false

  init(host: String, token: String, queue: FrameQueue) {
    handshake = ClientHandshake(host: host, target: "/ws", bearer: token)
    self.queue = queue
  }

  func channelActive(context: ChannelHandlerContext) {
    context.writeAndFlush(Self.wrapOutboundOut(handshake.request), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = Self.unwrapInboundIn(data)
    unread.writeBuffer(&bytes)
    if !isOpen { readResponse(context) }
    guard isOpen else { return }
    do throws(FrameFault) {
      while let message = try parser.next(from: &unread, limit: 16 << 20) { take(message, context) }
      unread.discardReadBytes()
    } catch {
      end(CommandError("the daemon broke the protocol: \(error.description)"), context)
    }
  }

  private func readResponse(_ context: ChannelHandlerContext) {
    switch handshake.read(&unread) {
    case .unfinished: break
    case .open: isOpen = true
    case .refused(let reason): end(CommandError("the daemon refused the connection: \(reason)"), context)
    case .noHTTP: end(CommandError("the daemon's answer is no HTTP"), context)
    }
  }

  private func take(_ message: FrameParser.Message, _ context: ChannelHandlerContext) {
    switch message {
    case .text(let text): queue.append(text)
    case .ping(let payload):
      var buffer = ByteBuffer()
      FrameWriter.append(pong: payload, to: &buffer, mask: .random(in: 0...UInt32.max))
      context.writeAndFlush(Self.wrapOutboundOut(buffer), promise: nil)
    case .close(let code):
      let isError = code.map { $0 != CloseCode.normal.code } ?? false
      if isError {
        end(CommandError("the daemon closed the connection with code \(code ?? 0)"), context)
      } else {
        queue.finish(.success(()))
        context.close(promise: nil)
      }
    case .binary, .packed, .pong: break
    }
  }

  private func end(_ error: CommandError, _ context: ChannelHandlerContext) {
    queue.finish(.failure(error))
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    queue.finish(isOpen ? .success(()) : .failure(CommandError("the daemon closed the connection")))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    end(CommandError("the connection failed: \(error)"), context)
  }
}

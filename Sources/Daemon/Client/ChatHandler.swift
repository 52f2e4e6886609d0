import NIOCore
import Pipeline

/// The client's end of a WebSocket: asks for the upgrade, checks the answer, then takes frames.
final class ChatHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let host: String
  private let token: String
  private let queue: FrameQueue
  private let key: String
  private var parser = FrameParser(.client)
  private var unread = ByteBuffer()
  private var isOpen = false

  init(host: String, token: String, queue: FrameQueue) {
    self.host = host
    self.token = token
    self.queue = queue
    key = Handshake.newKey()
  }

  func channelActive(context: ChannelHandlerContext) {
    let request = """
      GET /ws HTTP/1.1\r
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
    let text = String(buffer: unread)
    guard let blank = text.firstRange(of: "\r\n\r\n") else {
      if unread.readableBytes > 65_536 { end(CommandError("the daemon's answer is no HTTP"), context) }
      return
    }
    let head = text[..<blank.lowerBound]
    guard head.hasPrefix("HTTP/1.1 101"), head.contains(Handshake.accept(key)) else {
      let detail = try? JSONValue(parsing: Array(text[blank.upperBound...].utf8))["detail"]?.string
      let status = head.prefix { $0 != "\r\n" && $0 != "\r" }.dropFirst(9)
      return end(CommandError("the daemon refused the connection: \(detail ?? String(status))"), context)
    }
    isOpen = true
    unread.moveReaderIndex(forwardBy: text[..<blank.upperBound].utf8.count)
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

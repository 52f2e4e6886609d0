import NIOCore

/// Takes the PROXY header off a connection of a trusted peer, where there is one, and is gone then.
final class ProxyHeaderHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private let found: (IPAddress) -> Void
  private var unread = ByteBuffer()

  /// - Parameter found: Called with the client's address, before its first byte is handed on.
  init(found: @escaping (IPAddress) -> Void) { self.found = found }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = Self.unwrapInboundIn(data)
    unread.writeBuffer(&bytes)
    switch ProxyHeader(unread.readableBytesView) {
    case .incomplete: return
    case .malformed: return context.close(promise: nil)
    case .absent: break
    case .present(let client, let length):
      unread.moveReaderIndex(forwardBy: length)
      if let client { found(client) }
    }
    let rest = unread
    unread = ByteBuffer()
    if rest.readableBytes > 0 { context.fireChannelRead(Self.wrapInboundOut(rest)) }
    context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
  }
}

import NIOCore
import NIOHTTP1

/// A tap on its way to its reader: lines leave some times a second, and a pulse each second says what was dropped. A
/// reader that does not keep up gets fewer lines; nobody waits for it. Confined to the connection's event loop.
final class TapStream {
  private static let interval = TimeAmount.milliseconds(100)
  private static let pulseEvery = 10

  private let session: TapSession
  private let hub: TapHub
  private let context: ChannelHandlerContext
  private var task: RepeatedTask?
  private var beats = 0
  private var dropped = 0

  init(_ filter: TapFilter, _ hub: TapHub, on context: ChannelHandlerContext) {
    self.hub = hub
    self.context = context
    let channel = context.channel
    session = hub.session(filter) { channel.close(promise: nil) }
    var headers = HTTPHeaders([("Content-Type", "application/x-ndjson"), ("Cache-Control", "no-store")])
    headers.add(name: "Connection", value: "close")
    let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)
    context.writeAndFlush(NIOAny(HTTPServerResponsePart.head(head)), promise: nil)
    hub.add(session)
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    task = context.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: Self.interval) { _ in
      bound.value.send()
    }
  }

  /// Shows nothing any more.
  func end() {
    task?.cancel()
    hub.remove(session)
  }

  private func send() {
    // What the reader has not taken yet is waited for; meanwhile lines gather, up to a bound.
    guard context.channel.isWritable else { return }
    var (lines, lost) = session.take()
    dropped += lost
    if beats % Self.pulseEvery == 0 {
      lines += TapLine.pulse(dropped: dropped, at: hub.now)
      dropped = 0
    }
    beats += 1
    guard !lines.isEmpty else { return }
    context.writeAndFlush(
      NIOAny(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: lines)))), promise: nil)
  }
}

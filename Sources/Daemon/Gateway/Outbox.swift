import NIOCore
import Pipeline
import Services
import Synchronization

/// What one WebSocket is still to be sent: the only way out to a client.
///
/// Frames gather in one buffer and leave together at the end of the loop's turn; while a write is under way the next
/// ones gather. More than `limit` bytes waiting means that the client does not keep up: it is closed with 4408, so
/// that it costs bounded memory and slows nobody.
///
/// `Sendable` is not checked by the compiler and holds because only `loop`, `connection`, `lastHeard`, `joinedAt` and
/// `joinQueue` are read from other threads: the first two are immutable, the third is atomic, and the last two are set before
/// a lock of the hub's hands the outbox to others; all else is touched on the event loop of `loop`.
///
/// That what changes with every frame is accessed by one at a time is not checked while it runs: each access is one read, one
/// write, or an append of bytes to a buffer, which calls nobody who could come back here.
final class Outbox: @unchecked Sendable {
  let loop: LoopGateway
  let connection: Connection
  /// When the peer was last heard, on the engine's monotonic clock.
  let lastHeard: Atomic<UInt64>
  /// What it is not told of where it is read from the feed.
  var joinedAt = FeedStand(at: 0)
  /// What waits until it is known what comes before it; `nil` of all but those who connect while the store does not answer.
  var joinQueue: JoinQueue?
  private let channel: any Channel
  // From here on in an order that leaves no gaps.
  @exclusivity(unchecked) private var pending = ByteBuffer()
  @exclusivity(unchecked) private var isDirty = false
  @exclusivity(unchecked) private var bytesUnderWay = 0
  /// How the client unpacks messages, where it does.
  private let deflate: PerMessageDeflate?
  private var endsOutput = false
  @exclusivity(unchecked) private(set) var closing: CloseCode?
  /// Set by the handler, which writes control frames and knows when the peer has gone.
  @exclusivity(unchecked) var isClosed = false

  init(loop: LoopGateway, connection: Connection, channel: any Channel, deflate: PerMessageDeflate?) {
    self.deflate = deflate
    lastHeard = Atomic(loop.clock.monotonic())
    self.loop = loop
    self.connection = connection
    self.channel = channel
  }

  /// What leaves at once is often a few frames: room for them is there from the first, and goes with the write.
  private static let usualOutput = 512

  /// Bytes that the client has not been sent yet.
  var backlog: Int { pending.readableBytes + bytesUnderWay }

  /// Sends the response to the handshake, in one piece with what follows it in this turn: a write, and a client that wakes
  /// up for it, cost more than what is written.
  func open(_ response: String) {
    pending.writeString(response)
    markDirty()
  }

  /// Sends an event.
  func send(_ event: [UInt8]) {
    guard closing == nil, !isClosed else { return }
    if pending.capacity == 0 { pending.reserveCapacity(Self.usualOutput) }
    if let deflate, let packed = loop.deflater(deflate.windowBits)?.pack(event) {
      FrameWriter.append(packedText: packed, to: &pending)
    } else {
      FrameWriter.append(text: event, to: &pending)
    }
    loop.counters.framesOut += 1
    if backlog > loop.settings.outboundBuffer { overflow() } else { markDirty() }
  }

  /// Sends a ping or pong.
  func send(control write: (inout ByteBuffer) -> Void) {
    guard closing == nil, !isClosed else { return }
    write(&pending)
    if backlog > loop.settings.outboundBuffer { overflow() } else { markDirty() }
  }

  /// Sends a close frame after what is waiting, and nothing any more. The connection ends when the peer has
  /// answered, or when its time for that is over.
  ///
  /// - Parameter endsOutput: Whether the peer's answer could not be told from the rest of what it sends, so that it is
  ///   shown the end of the stream at once. To close both ways would have the kernel throw away what it has not read
  ///   yet, and the close frame with it.
  func close(_ code: CloseCode, endsOutput: Bool = false) {
    guard closing == nil, !isClosed else { return }
    closing = code
    self.endsOutput = endsOutput
    loop.counters.countClose(code)
    FrameWriter.append(close: code, to: &pending)
    markDirty()
  }

  /// Writes what is waiting, unless a write is under way: its end does it then.
  func flush() {
    isDirty = false
    guard bytesUnderWay == 0, pending.readableBytes > 0, !isClosed else { return }
    let bytes = pending
    pending = ByteBuffer()
    bytesUnderWay = bytes.readableBytes
    let outbox = self
    channel.writeAndFlush(bytes).whenComplete { _ in
      outbox.bytesUnderWay = 0
      outbox.flush()
      if outbox.endsOutput, outbox.backlog == 0, !outbox.isClosed {
        outbox.channel.close(mode: .output, promise: nil)
      }
    }
  }

  private func markDirty() {
    guard !isDirty else { return }
    isDirty = true
    loop.flushLater(self)
  }

  /// The peer's window is full, so a close frame would not reach it: the connection just ends. On the loop only.
  func overflow() {
    guard closing == nil, !isClosed else { return }
    closing = .slowConsumer
    loop.counters.countClose(.slowConsumer)
    pending = ByteBuffer()
    channel.close(promise: nil)
  }
}

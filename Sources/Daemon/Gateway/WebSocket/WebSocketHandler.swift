import NIOCore
import Pipeline
import Synchronization

/// One WebSocket: frames in, events to the engine; answers and deliveries out by its outbox.
///
/// Confined to its event loop. What an idle connection costs is this object, its connection and its outbox: no timer,
/// no buffer. What is kept stands in an order that leaves no gaps, and nothing twice.
final class WebSocketHandler: ChannelDuplexHandler, AnswerSink, LoopMember {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// How many of its events the chain may hold before nothing more is read from the client.
  static let eventsInFlightLimit = 1024

  let outbox: Outbox
  private var context: ChannelHandlerContext?
  /// Not checked at run time to be accessed by one at a time: what a frame is taken from calls nobody.
  @exclusivity(unchecked) private var parser: FrameParser
  private var pingsUnanswered: UInt8 = 0
  private var readIsHeld = false
  private var rejectionsInARow: UInt32 = 0
  /// When it was opened; once it is being closed, since when.
  private var begun: UInt64
  private var registeredUser: String?
  /// The beginning of a frame that has not come whole.
  private var unread: [UInt8] = []
  private var admission: Admission?
  /// Whether the peer has said goodbye or broken the protocol: what it sends besides is nothing.
  private var peerIsDone = false
  private var isClosing = false
  var place: Int32 = -1
  private var warnedOfExpiry: Timestamp?

  private var loop: LoopGateway { outbox.loop }
  private var connection: Connection { outbox.connection }
  var backlog: Int { outbox.backlog }
  /// When the peer was last heard, on the engine's clock.
  private var lastHeard: UInt64 {
    get { outbox.lastHeard.load(ordering: .relaxed) }
    set { outbox.lastHeard.store(newValue, ordering: .relaxed) }
  }

  init(
    loop: LoopGateway, connection: Connection, channel: any Channel, deflate: PerMessageDeflate?,
    admission: consuming Admission?
  ) {
    self.admission = admission
    parser = FrameParser(takesPacked: deflate != nil)
    outbox = Outbox(loop: loop, connection: connection, channel: channel, deflate: deflate)
    begun = loop.clock.monotonic()
    connection.sink = self
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    loop.add(self)
    loop.counters.connections += 1
    loop.counters.accepted += 1
  }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  /// Begins with the response to the handshake, and with what the chain has answered: `CONNECTED`, where there was a token.
  func open(_ response: String, _ reply: Reply?) {
    outbox.open(response)
    if let reply { receive(reply) }
  }

  // MARK: In

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = Self.unwrapInboundIn(data)
    lastHeard = loop.clock.monotonic()
    pingsUnanswered = 0
    if !unread.isEmpty {
      var whole = context.channel.allocator.buffer(capacity: unread.count + bytes.readableBytes)
      whole.writeBytes(unread)
      whole.writeBuffer(&bytes)
      bytes = whole
      unread = []
    }
    parse(&bytes)
    // What is kept is copied into a piece of its own size, so that half a frame does not hold on to a whole read.
    if bytes.readableBytes > 0 { unread = Array(bytes.readableBytesView) }
  }

  private func parse(_ bytes: inout ByteBuffer) {
    do throws(FrameFault) {
      while !peerIsDone {
        guard let message = try parser.next(from: &bytes, limit: loop.settings.maxFrame) else { return }
        try take(message)
      }
    } catch {
      peerIsDone = true
      begin(closing: error.close, endsOutput: true)
    }
    bytes.clear()
  }

  private func take(_ message: FrameParser.Message) throws(FrameFault) {
    loop.counters.framesIn += 1
    switch message {
    case .packed(let packed, let isText):
      guard outbox.closing == nil, let inflater = loop.inflater else { return }
      let bytes = try inflater.unpack(packed, limit: loop.settings.maxFrame)
      try take(FrameParser.message(bytes, isText: isText))
    case .text(let frame): if outbox.closing == nil { take(frame) }
    case .binary where outbox.closing != nil: break
    case .binary: refuse(Rejection(.invalidEvent, "events are text frames"), ref: nil)
    case .ping(let payload): outbox.send(control: { FrameWriter.append(pong: payload, to: &$0) })
    case .pong: break
    case .close:
      peerIsDone = true
      begin(closing: .normal)
      outbox.flush()
      endSoon()
    }
  }

  private func take(_ frame: [UInt8]) {
    switch EventEnvelope.decode(frame) {
    case .one(let result): take(result)
    case .many(let results): for result in results { take(result) }
    }
  }

  private func take(_ result: Result<EventEnvelope, EnvelopeFault>) {
    switch result {
    case .success(let envelope) where envelope.type.isReserved:
      refuse(Rejection(.unknownEvent, "no stage takes events of this type"), ref: envelope.ref, envelope.data)
    case .success(let envelope):
      loop.submit(Event(envelope, connection: connection, arrival: lastHeard))
    case .failure(let fault): refuse(fault.rejection, ref: fault.ref)
    }
  }

  /// Has a refusal of the gateway's own take its place among the answers: as an event that is refused at once.
  private func refuse(_ rejection: Rejection, ref: EventRef?, _ data: EventData = EventData()) {
    loop.refuse(
      Event(.malformed, data: data, ref: ref, connection: connection, arrival: lastHeard), rejection)
  }

  // MARK: Back-pressure

  func read(context: ChannelHandlerContext) {
    if connection.eventsInFlight >= Self.eventsInFlightLimit { readIsHeld = true } else { context.read() }
  }

  private func resumeReading() {
    guard readIsHeld, connection.eventsInFlight < Self.eventsInFlightLimit / 2 else { return }
    readIsHeld = false
    context?.read()
  }

  // MARK: Out

  func receive(_ reply: Reply) {
    if readIsHeld { resumeReading() }
    // Behind what other threads have for it: the cursor of a PONG covers that.
    // Without an id nobody could tell what an acknowledgement is of.
    if reply.event.type != .ack || reply.ref != nil {
      loop.send(reply.event.bytes(ref: reply.ref), on: outbox)
    }
    // Not before the greeting is on its way: another thread may have something for a device from here on.
    if reply.event.type == .connected { register() }
    guard reply.rejection != nil else { return rejectionsInARow = 0 }
    // It stays at the most that it can count.
    rejectionsInARow = min(rejectionsInARow, .max - 1) + 1
    if rejectionsInARow >= loop.settings.abuseAfter { begin(closing: .abusiveRate) }
  }

  /// Makes the connection a device of its user's, so that deliveries reach it from now on.
  private func register() {
    guard let user = connection.identity?.userID, registeredUser == nil else { return }
    registeredUser = user
    admission?.authenticated(in: loop.shared.admission)
    let tooMany = loop.shared.hub.register(outbox, user: user, limit: loop.settings.maxConnectionsPerUser)
    for oldest in tooMany { oldest.loop.eventLoop.execute { oldest.close(.replaced) } }
  }

  // MARK: The end

  private func begin(closing code: CloseCode, endsOutput: Bool = false) {
    guard outbox.closing == nil else { return }
    countClosing(from: loop.clock.monotonic())
    outbox.close(code, endsOutput: endsOutput)
  }

  private func countClosing(from now: UInt64) {
    isClosing = true
    begun = now
  }

  /// Ends the connection when what is waiting has been written.
  private func endSoon() {
    guard let context else { return }
    // An empty write comes after all others, so the connection ends behind the last of them.
    let channel = context.channel
    channel.writeAndFlush(ByteBuffer()).whenComplete { _ in channel.close(promise: nil) }
  }

  func channelInactive(context: ChannelHandlerContext) {
    outbox.isClosed = true
    loop.remove(self)
    loop.counters.connections -= 1
    loop.shared.openSockets.wrappingSubtract(1, ordering: .relaxed)
    admission?.end(in: loop.shared.admission)
    if let registeredUser { loop.shared.hub.unregister(outbox, user: registeredUser) }
    connection.sink = nil
    loop.submit(Event(.disconnect, connection: connection, arrival: loop.clock.monotonic()))
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  func drain() { begin(closing: .restarting) }

  // MARK: Deadlines

  func tick(now: UInt64, wall: Timestamp) {
    if outbox.closing != nil {
      // Others may close the outbox too, without a word here.
      if !isClosing { countClosing(from: now) }
      if now > begun + 5_000_000_000 { context?.close(promise: nil) }
      return
    }
    guard let identity = connection.identity else {
      // Counted from the opening, however much the peer has sent meanwhile.
      if now >= begun + nanoseconds(loop.settings.handshakeTimeout) { begin(closing: .unauthenticated) }
      return
    }
    if let end = identity.endsAt { watch(end, of: identity, wall) }
    let silence = now - min(now, lastHeard)
    let interval = nanoseconds(loop.settings.pingInterval)
    guard silence >= interval * UInt64(pingsUnanswered + 1) else { return }
    if pingsUnanswered == 2 {
      context?.close(promise: nil)
    } else {
      pingsUnanswered += 1
      outbox.send(control: { FrameWriter.appendPing(to: &$0) })
    }
  }

  /// Warns of the end of an identity, or ends with it.
  private func watch(_ end: Timestamp, of identity: Identity, _ wall: Timestamp) {
    if wall >= end { return begin(closing: .unauthenticated) }
    var ahead = loop.settings.expiryWarning
    if let issuedAt = identity.issuedAt, end == identity.expiresAt {
      // Of a short life half is time enough to get another token.
      ahead = min(ahead, .milliseconds(max(0, end.milliseconds - issuedAt.milliseconds) / 2))
    }
    guard warnedOfExpiry != end, wall + ahead >= end else { return }
    warnedOfExpiry = end
    outbox.send(OutgoingEvent(.tokenExpiring) { $0.member("expiresAt", end) }.bytes)
  }

  private func nanoseconds(_ duration: Duration) -> UInt64 { UInt64(max(0, duration.wholeNanoseconds)) }
}

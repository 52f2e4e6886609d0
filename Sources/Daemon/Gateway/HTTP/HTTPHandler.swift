import NIOCore
import NIOHTTP1
import Pipeline
import Synchronization

/// The HTTP side of a client connection: calls as events through the chain, and the way to a WebSocket.
final class HTTPHandler: HTTPExchange, AnswerSink, LoopMember {
  /// How long a connection may do nothing between two requests, and a client take to read an answer.
  private static let idleLimit: UInt64 = 60_000_000_000

  var place: Int32 = -1
  /// One answer at a time, which the request's limits bound: not counted.
  var backlog: Int { 0 }
  private let loop: LoopGateway
  /// The peer, or whom a PROXY header says that it speaks for; `nil` on a Unix socket.
  private var peer: IPAddress?
  /// Whether the peer may speak for others.
  private var peerIsTrusted: Bool
  private var admission: Admission?
  /// Whether a request has come whole.
  private var hasRequested = false
  private var lastActive: UInt64
  /// What the answer in hand is for.
  private var purpose = Purpose.none
  /// Who makes the request in hand, as the chain sees them.
  private var caller: Connection?
  /// The client that has sent it.
  private var remoteAddress: IPAddress?
  private var crossOrigin: CrossOrigin?
  private var compresses = false
  private var trace: TraceParent?

  private enum Purpose {
    case none
    /// A WebSocket is to open, once its `CONNECT` has been answered.
    case open(Handshake, Connection)
    /// The caller is being authenticated; then the event goes in, in the name of a user where one is given.
    case authenticate(EventEnvelope, as: String?)
    /// The answer to this is the response: whole, or its data alone.
    case event(wholeAnswer: Bool)
  }

  override var bodyLimit: Int { loop.settings.maxFrame }

  /// - Parameter peer: The peer's address; `nil` on a Unix socket.
  init(loop: LoopGateway, peer: IPAddress?) {
    self.loop = loop
    self.peer = peer
    peerIsTrusted = loop.settings.trustedProxies.trust(peer)
    lastActive = loop.clock.monotonic()
  }

  /// Has the connection count as a client's of a trusted proxy. The bytes are that client's own, so what they say of
  /// others is believed only where the client is a trusted proxy too.
  func speak(for client: IPAddress) {
    peer = client
    peerIsTrusted = loop.settings.trustedProxies.trust(client)
  }

  override func handlerAdded(context: ChannelHandlerContext) {
    super.handlerAdded(context: context)
    loop.add(self)
  }

  override func handlerRemoved(context: ChannelHandlerContext) {
    loop.remove(self)
    super.handlerRemoved(context: context)
  }

  /// Takes the connection, unless there are too many. What there is no room for is cut off at once: to answer it
  /// would cost more than it is worth.
  override func channelActive(context: ChannelHandlerContext) {
    admission = Admission(loop.shared.admission, mostUnauthenticated: loop.settings.maxUnauthenticated)
    let isTaken = admission != nil && (peerIsTrusted || count(peer))
    guard isTaken, !loop.shared.isDraining.load(ordering: .relaxed) else {
      loop.counters.refusedConnections += 1
      return context.close(promise: nil)
    }
    context.fireChannelActive()
  }

  private func count(_ address: IPAddress?) -> Bool {
    admission?.count(address, limit: loop.settings.maxConnectionsPerIP, in: loop.shared.admission) ?? true
  }

  override func channelInactive(context: ChannelHandlerContext) {
    admission?.end(in: loop.shared.admission)
    context.fireChannelInactive()
  }

  override func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // The time for a request counts from its first byte, so that it can't be drawn out.
    if !isReceiving { lastActive = loop.clock.monotonic() }
    super.channelRead(context: context, data: data)
  }

  override func take(_ head: HTTPRequestHead, body: [UInt8]) {
    loop.counters.requests += 1
    hasRequested = true
    crossOrigin = CrossOrigin(head, origins: loop.settings.origins)
    trace = head.headers.first(name: "traceparent").flatMap { TraceParent($0) }
    compresses = Gzip.isAccepted(by: head.headers)
    guard let query = QueryString(target: head.uri), let parts = query.pathParts else {
      return answer(.problem(Rejection(.invalidEvent, "the address is malformed")))
    }
    if head.method == .OPTIONS, let crossOrigin { return answer(crossOrigin.preflight) }
    remoteAddress = client(of: head)
    guard count(remoteAddress) else {
      return answer(
        .problem(
          Rejection(.rateLimited, "this address has too many connections", retryAfter: .seconds(5))))
    }
    switch Route.find(head.method, parts) {
    case .found(let route, let path): take(head, route, path, query, body)
    case .wrongMethod(let allowed): refuseMethod(allowed: allowed)
    case .nothing: answer(.problem(Rejection(.notFound, "there is nothing at this address")))
    }
  }

  /// Who has sent a request.
  private func client(of head: HTTPRequestHead) -> IPAddress? {
    guard peerIsTrusted else { return peer }
    return loop.settings.trustedProxies.client(forwardedFor: head.headers["x-forwarded-for"]) ?? peer
  }

  private func take(
    _ head: HTTPRequestHead, _ route: Route, _ path: [(name: String, value: String)], _ query: QueryString,
    _ body: [UInt8]
  ) {
    switch route.target {
    case .socket: open(head)
    case .event: post(head, body)
    case .backendEvent: postAsBackend(head, body)
    case .call(let call):
      do throws(Rejection) {
        let data = try CallData.make(
          call, route, path: path, query, body: body, token: Handshake.bearer(head.asRequest))
        purpose = .event(wholeAnswer: false)
        submit(data, makeConnection())
      } catch {
        answer(.problem(error))
      }
    }
  }

  override func answer(_ reply: HTTPReply) {
    var reply = reply
    crossOrigin?.add(to: &reply)
    if compresses { Gzip.compress(&reply) }
    // A connection that is kept would soon be cut, maybe under its next request.
    if loop.shared.isLeaving.load(ordering: .relaxed) { endSoon() }
    super.answer(reply)
  }

  private func refuseMethod(allowed: [HTTPMethod]) {
    let allowed = allowed.map(\.rawValue).joined(separator: ", ")
    var reply = HTTPReply.problem(.methodNotAllowed, Rejection(.invalidEvent, "use \(allowed)"))
    reply.headers.append(("Allow", allowed))
    answer(reply)
  }

  // MARK: Calls

  private func post(_ head: HTTPRequestHead, _ body: [UInt8]) {
    do throws(Rejection) {
      let envelope = try Self.envelope(body)
      purpose = .authenticate(envelope, as: nil)
      authenticate(.authenticate, head)
    } catch {
      answer(.problem(error))
    }
  }

  /// One's own backend sends an event in a user's name: `as`, beside the event's own members.
  private func postAsBackend(_ head: HTTPRequestHead, _ body: [UInt8]) {
    do throws(Rejection) {
      let envelope = try Self.envelope(body)
      // A body that was an event is an object; one that is none has been refused by now.
      guard let user = try (try? EventData(json: body))?.user("as") else {
        throw Rejection(.invalidEvent, "as is missing")
      }
      purpose = .authenticate(envelope, as: user)
      authenticate(.authenticateBackend, head)
    } catch {
      answer(.problem(error))
    }
  }

  private static func envelope(_ body: [UInt8]) throws(Rejection) -> EventEnvelope {
    switch EventEnvelope.decode(body) {
    case .one(.success(let envelope)):
      guard !envelope.type.isReserved, envelope.type != .auth else {
        throw Rejection(.unknownEvent, "no stage takes events of this type here")
      }
      return envelope
    case .one(.failure(let fault)): throw fault.rejection
    case .many: throw Rejection(.invalidEvent, "a request holds one event")
    }
  }

  private func authenticate(_ call: Call, _ head: HTTPRequestHead) {
    var data: EventData = ["query": call.rawValue]
    if let token = Handshake.bearer(head.asRequest) { data.set("token", to: token) }
    submit(data, makeConnection())
  }

  /// A request is a connection of its own, so that it waits for no other.
  private func makeConnection() -> Connection {
    let connection = Connection(
      id: loop.shared.nextConnectionID(), ingress: .http, remoteAddress: remoteAddress.text, trace: trace)
    connection.sink = self
    caller = connection
    return connection
  }

  private func submit(_ data: EventData, _ connection: Connection) {
    loop.submit(Event(.query, data: data, connection: connection, arrival: loop.clock.monotonic()))
  }

  /// The caller is who they say: now the event itself goes in.
  private func submit(_ envelope: EventEnvelope, as user: String?) {
    if let user {
      let connection = makeConnection()
      connection.identity = Identity(userID: user, isBackend: true)
    }
    guard let caller else { return }
    purpose = .event(wholeAnswer: true)
    loop.submit(Event(envelope, connection: caller, arrival: lastActive))
  }

  // MARK: WebSocket

  private func open(_ head: HTTPRequestHead) {
    do throws(Handshake.Refusal) {
      let handshake = try Handshake(
        head.asRequest, origins: loop.settings.origins, compresses: loop.settings.compresses)
      guard loop.shared.admitSocket(limit: loop.settings.maxConnections) else {
        return answer(
          .problem(Rejection(.unavailable, "no more connections are taken", retryAfter: .seconds(5))))
      }
      let connection = Connection(
        id: loop.shared.nextConnectionID(), ingress: .webSocket, remoteAddress: remoteAddress.text,
        trace: trace)
      connection.sink = self
      purpose = .open(handshake, connection)
      var data = EventData()
      if let token = handshake.token { data.set("token", to: token) }
      loop.submit(Event(.connect, data: data, connection: connection, arrival: loop.clock.monotonic()))
    } catch {
      let code: ErrorCode = error.status == 403 ? .forbidden : .invalidEvent
      var reply = HTTPReply.problem(.init(statusCode: error.status), Rejection(code, error.message))
      if error.status == 426 {
        reply.headers += [("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]
      }
      answer(reply)
    }
  }

  /// Makes the connection a WebSocket: what it has to say first follows the response at once.
  private func upgrade(_ handshake: Handshake, _ connection: Connection, _ reply: Reply) {
    guard let context else { return }
    let socket = WebSocketHandler(
      loop: loop, connection: connection, channel: context.channel, deflate: handshake.deflate,
      admission: admission.take())
    let channel = context.channel
    let pipeline = context.pipeline.syncOperations
    do {
      try pipeline.addHandler(socket)
      let encoder = try pipeline.context(handlerType: HTTPResponseEncoder.self)
      let decoder = try pipeline.context(handlerType: ByteToMessageHandler<HTTPRequestDecoder>.self)
      _ = pipeline.removeHandler(context: encoder)
      _ = pipeline.removeHandler(context: context)
      socket.open(handshake.response, reply.event.type == .connected ? reply : nil)
      // Goodbye was said to those who were there, and meanwhile to the request alone.
      if loop.shared.isDraining.load(ordering: .relaxed) { socket.drain() }
      // Last, since it hands on the bytes that came behind the request.
      _ = pipeline.removeHandler(context: decoder)
      // While the request was answered, nothing more was read.
      channel.read()
    } catch {
      context.close(promise: nil)
    }
  }

  // MARK: Answers

  func receive(_ reply: Reply) {
    lastActive = loop.clock.monotonic()
    if caller?.identity != nil { admission?.authenticated(in: loop.shared.admission) }
    switch purpose {
    case .none: return
    case .open(let handshake, let connection):
      if let rejection = reply.rejection {
        loop.shared.openSockets.wrappingSubtract(1, ordering: .relaxed)
        finish(.problem(rejection), connection)
      } else {
        purpose = .none
        upgrade(handshake, connection, reply)
      }
    case .authenticate(let envelope, let user):
      if let rejection = reply.rejection { return finish(.problem(rejection), caller) }
      submit(envelope, as: user)
    case .event(let wholeAnswer):
      if let rejection = reply.rejection {
        finish(.problem(rejection), caller)
      } else if reply.event.type == .ack {
        finish(HTTPReply(status: .noContent), caller)
      } else if wholeAnswer {
        finish(HTTPReply(status: .ok, body: reply.event.bytes(ref: reply.ref)), caller)
      } else {
        finish(.data(of: reply.event), caller)
      }
    }
  }

  private func finish(_ reply: HTTPReply, _ connection: Connection?) {
    connection?.sink = nil
    caller = nil
    purpose = .none
    answer(reply)
  }

  // MARK: Deadlines

  func tick(now: UInt64, wall: Timestamp) {
    if isAnswering, !isSending { return }
    let isDue = isReceiving || !hasRequested
    let limit = isDue ? UInt64(max(0, loop.settings.handshakeTimeout.wholeNanoseconds)) : Self.idleLimit
    if now > lastActive + limit { context?.close(promise: nil) }
  }

  func drain() { endSoon() }
}

extension IPAddress? {
  /// The address as logs and limits show it.
  fileprivate var text: String { self?.description ?? "local" }
}

extension HTTPRequestHead {
  /// The request in the terms of the handshake.
  var asRequest: Handshake.Request {
    Handshake.Request(method: method.rawValue, target: uri, headers: headers.map { ($0.name, $0.value) })
  }
}

import NIOCore
import NIOHTTP1
import Pipeline
import Synchronization

/// The HTTP side of a client connection: calls as events through the chain, and the way to a WebSocket.
final class HTTPHandler: HTTPExchange, AnswerSink, LoopMember {
  /// How long a connection may do nothing between two requests.
  private static let idleLimit: UInt64 = 60_000_000_000

  var place = -1
  private let loop: LoopGateway
  private let remoteAddress: String
  private var lastActive: UInt64
  /// What the answer in hand is for.
  private var purpose = Purpose.none

  private enum Purpose {
    case none
    /// A WebSocket is to open, once its `CONNECT` has been answered.
    case open(Handshake, Connection)
    /// The caller is being authenticated; then the event goes in.
    case authenticate(EventEnvelope, Connection)
    /// The answer to this is the response: whole, or its data alone.
    case event(wholeAnswer: Bool)
  }

  override var bodyLimit: Int { loop.settings.maxFrame }

  init(loop: LoopGateway, remoteAddress: String) {
    self.loop = loop
    self.remoteAddress = remoteAddress
    lastActive = loop.clock.monotonic()
  }

  override func handlerAdded(context: ChannelHandlerContext) {
    super.handlerAdded(context: context)
    loop.add(self)
  }

  override func handlerRemoved(context: ChannelHandlerContext) {
    loop.remove(self)
    super.handlerRemoved(context: context)
  }

  override func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // The time for a request counts from its first byte, so that it can't be drawn out.
    if !isReceiving { lastActive = loop.clock.monotonic() }
    super.channelRead(context: context, data: data)
  }

  override func take(_ head: HTTPRequestHead, body: [UInt8]) {
    loop.counters.requests += 1
    guard let query = QueryString(target: head.uri) else {
      return answer(.problem(Rejection(.invalidEvent, "the query is malformed")))
    }
    switch (query.path, head.method) {
    case ("/ws", _): open(head)
    case ("/events", .POST): post(head, body)
    case ("/messages/sync", .GET): sync(head, query)
    case ("/events", _): refuseMethod(allowed: "POST")
    case ("/messages/sync", _): refuseMethod(allowed: "GET")
    default: answer(.problem(Rejection(.notFound, "there is nothing at this address")))
    }
  }

  private func refuseMethod(allowed: String) {
    var reply = HTTPReply.problem(.methodNotAllowed, Rejection(.invalidEvent, "use \(allowed)"))
    reply.headers.append(("Allow", allowed))
    answer(reply)
  }

  // MARK: Calls

  private func post(_ head: HTTPRequestHead, _ body: [UInt8]) {
    switch EventEnvelope.decode(body) {
    case .one(.success(let envelope)) where !envelope.type.isReserved:
      let connection = makeConnection()
      purpose = .authenticate(envelope, connection)
      submitQuery(["query": "authenticate"], head, connection)
    case .one(.success): answer(.problem(Rejection(.unknownEvent, "no stage takes events of this type")))
    case .one(.failure(let fault)): answer(.problem(fault.rejection))
    case .many: answer(.problem(Rejection(.invalidEvent, "a request holds one event")))
    }
  }

  private func sync(_ head: HTTPRequestHead, _ query: QueryString) {
    var data: EventData = ["query": "sync"]
    for name in ["cursor", "lastMessageTimestamp", "limit"] {
      if let value = query[name] { data.set(name, to: value) }
    }
    purpose = .event(wholeAnswer: false)
    submitQuery(data, head, makeConnection())
  }

  private func makeConnection() -> Connection {
    let connection = Connection(
      id: loop.shared.nextConnectionID(), ingress: .http, remoteAddress: remoteAddress)
    connection.sink = self
    return connection
  }

  private func submitQuery(_ data: EventData, _ head: HTTPRequestHead, _ connection: Connection) {
    var data = data
    if let token = Handshake.bearer(head.asRequest) { data.set("token", to: token) }
    loop.submit(Event(.query, data: data, connection: connection, arrival: loop.clock.monotonic()))
  }

  // MARK: WebSocket

  private func open(_ head: HTTPRequestHead) {
    do throws(Handshake.Refusal) {
      let handshake = try Handshake(head.asRequest, origins: loop.settings.origins)
      guard loop.shared.admitSocket(limit: loop.settings.maxConnections) else {
        return answer(
          .problem(Rejection(.unavailable, "no more connections are taken", retryAfter: .seconds(5))))
      }
      let connection = Connection(
        id: loop.shared.nextConnectionID(), ingress: .webSocket, remoteAddress: remoteAddress)
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
    var fields = HTTPHeaders([
      ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", handshake.accept),
    ])
    if let subprotocol = handshake.subprotocol {
      fields.add(name: "Sec-WebSocket-Protocol", value: subprotocol)
    }
    let head = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: fields)
    context.write(NIOAny(HTTPServerResponsePart.head(head)), promise: nil)
    context.writeAndFlush(NIOAny(HTTPServerResponsePart.end(nil)), promise: nil)
    let socket = WebSocketHandler(loop: loop, connection: connection, channel: context.channel)
    let channel = context.channel
    let pipeline = context.pipeline.syncOperations
    do {
      try pipeline.addHandler(socket)
      let encoder = try pipeline.context(handlerType: HTTPResponseEncoder.self)
      let decoder = try pipeline.context(handlerType: ByteToMessageHandler<HTTPRequestDecoder>.self)
      _ = pipeline.removeHandler(context: encoder)
      _ = pipeline.removeHandler(context: context)
      socket.open(reply.event.type == .connected ? reply : nil)
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
    case .authenticate(let envelope, let connection):
      if let rejection = reply.rejection { return finish(.problem(rejection), connection) }
      purpose = .event(wholeAnswer: true)
      loop.submit(
        Event(
          envelope.type, data: envelope.data, ref: envelope.ref, connection: connection, arrival: lastActive))
    case .event(let wholeAnswer):
      if let rejection = reply.rejection {
        finish(.problem(rejection), nil)
      } else if wholeAnswer {
        finish(HTTPReply(status: .ok, body: reply.event.bytes(ref: reply.ref)), nil)
      } else {
        finish(.data(of: reply.event), nil)
      }
    }
  }

  private func finish(_ reply: HTTPReply, _ connection: Connection?) {
    connection?.sink = nil
    purpose = .none
    answer(reply)
  }

  // MARK: Deadlines

  func tick(now: UInt64, wall: Timestamp) {
    let limit = isReceiving ? UInt64(max(0, loop.settings.handshakeTimeout.wholeNanoseconds)) : Self.idleLimit
    if !isAnswering, now > lastActive + limit { context?.close(promise: nil) }
  }

  func drain() { if !isAnswering { context?.close(promise: nil) } }
}

extension HTTPRequestHead {
  /// The request in the terms of the handshake.
  var asRequest: Handshake.Request {
    Handshake.Request(method: method.rawValue, target: uri, headers: headers.map { ($0.name, $0.value) })
  }
}

import NIOCore
import NIOHTTP1
import Pipeline

/// Takes requests one at a time and hands each over whole. What a client sends ahead waits, and nothing more is read
/// from it while it does; bodies and waiting times are bounded.
class HTTPExchange: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = Never
  typealias OutboundIn = Never
  typealias OutboundOut = HTTPServerResponsePart

  private enum State {
    case waiting
    case receiving(HTTPRequestHead, [UInt8])
    case answering(keepAlive: Bool)
    /// The answer has not left yet: the client does not read, or not as fast.
    case sending
    case over
  }

  private var state = State.waiting
  private var ahead: [HTTPServerRequestPart] = []
  /// The answer to what came behind that and could not be read.
  private var refusalAhead: HTTPReply?
  private var isTakingAhead = false
  private var endsSoon = false
  private(set) var context: ChannelHandlerContext?
  /// The longest body, in bytes.
  var bodyLimit: Int { 0 }

  /// Called with each request; ``answer(_:)`` is due for it.
  func take(_ head: HTTPRequestHead, body: [UInt8]) {}

  /// Whether a request is being answered: nothing else is taken meanwhile, so that one answer at most is waiting.
  var isAnswering: Bool {
    switch state {
    case .answering, .sending: true
    case .waiting, .receiving, .over: false
    }
  }

  /// Whether the answer is there, and the client has not taken it yet.
  var isSending: Bool { if case .sending = state { true } else { false } }

  /// Whether part of a request has come and the rest has not.
  var isReceiving: Bool { if case .receiving = state { true } else { false } }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func channelActive(context: ChannelHandlerContext) { context.fireChannelActive() }

  func channelInactive(context: ChannelHandlerContext) { context.fireChannelInactive() }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let part = Self.unwrapInboundIn(data)
    if isAnswering { ahead.append(part) } else { take(part) }
  }

  private func take(_ part: HTTPServerRequestPart) {
    switch (state, part) {
    case (.waiting, .head(let head)):
      if let fault = Self.fault(of: head) {
        return refuse(.problem(.badRequest, .init(.invalidEvent, fault)))
      }
      state = .receiving(head, [])
      let length = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
      if length > bodyLimit { return refuseBody() }
      // A client that asks first sends its body when it is told to, or after a while (RFC 9110, section 10.1.1).
      if head.version.minor > 0, head.headers["expect"].contains(where: { $0.lowercased() == "100-continue" })
      {
        let goOn = HTTPResponseHead(version: .http1_1, status: .continue)
        context?.writeAndFlush(NIOAny(HTTPServerResponsePart.head(goOn)), promise: nil)
      }
    case (.receiving(let head, var bytes), .body(let part)):
      guard bytes.count + part.readableBytes <= bodyLimit else { return refuseBody() }
      bytes.append(contentsOf: part.readableBytesView)
      state = .receiving(head, bytes)
    case (.receiving(let head, let bytes), .end):
      // Behind a wish for another protocol the parser reads no further requests.
      let isLast = !head.isKeepAlive || head.headers.contains(name: "upgrade") || head.method == .CONNECT
      state = .answering(keepAlive: !isLast)
      take(head, body: bytes)
    case (_, _): break
    }
  }

  /// What the parser lets pass and another server on the way may have understood otherwise, so that it would not be
  /// sure where the request ends or whom it is for (RFC 9112, sections 3.2 and 6.1).
  private static func fault(of head: HTTPRequestHead) -> String? {
    if head.version.major != 1 { return "only HTTP/1.1 and HTTP/1.0 are spoken here" }
    if head.version.minor == 0 {
      return head.headers.contains(name: "transfer-encoding") ? "HTTP/1.0 has no Transfer-Encoding" : nil
    }
    return head.headers["host"].count == 1 ? nil : "the request must have one Host"
  }

  private func refuseBody() {
    refuse(.problem(.payloadTooLarge, .init(.payloadTooLarge, "a body has at most \(bodyLimit) bytes")))
  }

  /// Answers a request that can't be taken, and ends the connection.
  private func refuse(_ reply: HTTPReply) {
    state = .answering(keepAlive: false)
    answer(reply)
  }

  /// Answers the request in hand.
  func answer(_ reply: HTTPReply) {
    guard case .answering(let keepAlive) = state, let context else { return }
    let written = reply.write(to: context, keepAlive: keepAlive)
    guard keepAlive else {
      state = .over
      let channel = context.channel
      return written.whenComplete { _ in channel.close(promise: nil) }
    }
    state = .sending
    written.assumeIsolated().whenComplete { [self] _ in
      guard isSending else { return }
      if endsSoon {
        state = .over
        return context.close(promise: nil)
      }
      state = .waiting
      takeAhead()
    }
  }

  /// Ends the connection: at once or, where a request is being answered, with its answer.
  func endSoon() {
    endsSoon = true
    switch state {
    case .waiting, .receiving: context?.close(promise: nil)
    case .answering: state = .answering(keepAlive: false)
    case .sending, .over: break
    }
  }

  /// Takes what was sent ahead. Answers that leave at once lead here again, where the loop that runs goes on.
  private func takeAhead() {
    guard !isTakingAhead else { return }
    isTakingAhead = true
    while !ahead.isEmpty, !isAnswering { take(ahead.removeFirst()) }
    isTakingAhead = false
    guard !isAnswering, let context else { return }
    if case .over = state { return }
    if let refusalAhead { refuse(refusalAhead) } else { context.read() }
  }

  func read(context: ChannelHandlerContext) {
    switch state {
    case .waiting, .receiving: context.read()
    case .answering, .sending, .over: break
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if case .over = state { return }
    guard let error = error as? HTTPParserError, context.channel.isActive else {
      return context.close(promise: nil)
    }
    let refusal = Self.refusal(of: error)
    // The requests before it have their answers first.
    if isAnswering { refusalAhead = refusal } else { refuse(refusal) }
  }

  private static func refusal(of error: HTTPParserError) -> HTTPReply {
    guard error == .headerOverflow else {
      return .problem(.badRequest, .init(.invalidEvent, "the request is no HTTP/1.1"))
    }
    return .problem(.requestHeaderFieldsTooLarge, .init(.payloadTooLarge, "the headers are too long"))
  }
}

import NIOCore

/// Asks Sentinels, one after the other from a random one on, which server is the master now.
struct SentinelQuestion: Sendable {
  private let dialer: RedisDialer
  private let options: RedisOptions

  init(_ dialer: RedisDialer, _ options: RedisOptions) {
    self.dialer = dialer
    self.options = options
  }

  /// The address of the master called `name`.
  func master(
    _ name: String, of sentinels: [RedisURL.Endpoint], on loop: any EventLoop
  ) -> EventLoopFuture<RedisURL.Endpoint> {
    ask(sentinels.shuffled()[...], name, on: loop, RedisError("no Sentinel is known"))
  }

  private func ask(
    _ sentinels: ArraySlice<RedisURL.Endpoint>, _ name: String, on loop: any EventLoop, _ fault: RedisError
  ) -> EventLoopFuture<RedisURL.Endpoint> {
    guard let sentinel = sentinels.first else { return loop.makeFailedFuture(fault) }
    return ask(sentinel, name, on: loop).flatMapError { error in
      let fault = error as? RedisError ?? RedisError("no answer from the Sentinel at \(sentinel)")
      return ask(sentinels.dropFirst(), name, on: loop, fault)
    }
  }

  private func ask(
    _ sentinel: RedisURL.Endpoint, _ name: String, on loop: any EventLoop
  ) -> EventLoopFuture<RedisURL.Endpoint> {
    let promise = loop.makePromise(of: RESPValue.self)
    let question = ["SENTINEL", "get-master-addr-by-name", name]
    dialer.connect(to: sentinel, on: loop) { [options] in OneQuestionHandler(question, options, promise) }
      .cascadeFailure(to: promise)
    return promise.futureResult.flatMapThrowing { reply in
      let words = reply.elements.compactMap(\.text)
      if case .error(let text) = reply { throw RedisError("the Sentinel at \(sentinel) says: \(text)") }
      guard words.count == 2, let port = Int(words[1]) else {
        throw RedisError("the Sentinel at \(sentinel) knows no master '\(name)'")
      }
      return RedisURL.Endpoint(host: words[0], port: port)
    }
  }
}

/// Asks one question on a connection of its own, then closes it. Confined to the channel's event loop.
private final class OneQuestionHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let question: [String]
  private let reader: ReplyReader
  private let timeout: TimeAmount
  private let answer: EventLoopPromise<RESPValue>
  private var timer: Scheduled<Void>?

  init(_ question: [String], _ options: RedisOptions, _ answer: EventLoopPromise<RESPValue>) {
    self.question = question
    self.answer = answer
    reader = ReplyReader(limit: options.replyBytesMax)
    timeout = TimeAmount(options.timeout)
  }

  func channelActive(context: ChannelHandlerContext) {
    var writer = RESPWriter()
    writer.begin(question.count)
    for word in question { writer.word(word) }
    context.writeAndFlush(wrapOutboundOut(writer.buffer), promise: nil)
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) {
      self.end(context, .failure(RedisError("a Sentinel did not answer in time")))
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    do {
      try reader.feed(unwrapInboundIn(data))
      if let reply = try reader.next() { end(context, .success(reply)) }
    } catch { end(context, .failure(error)) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    end(context, .failure(RedisError("the connection to a Sentinel failed: \(error)")))
  }

  func channelInactive(context: ChannelHandlerContext) {
    end(context, .failure(RedisError("a Sentinel closed the connection")))
  }

  private func end(_ context: ChannelHandlerContext, _ result: Result<RESPValue, any Error>) {
    timer?.cancel()
    answer.completeWith(result)
    context.close(promise: nil)
  }
}

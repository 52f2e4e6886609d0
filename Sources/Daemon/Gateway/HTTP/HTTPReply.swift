import NIOCore
import NIOHTTP1
import Pipeline

/// A whole HTTP response.
struct HTTPReply: Sendable {
  var status: HTTPResponseStatus
  var contentType = "application/json"
  var headers: [(String, String)] = []
  var body: [UInt8] = []

  /// The answer to an event: its data, or the problem where it was rejected.
  static func data(of event: OutgoingEvent) -> HTTPReply { HTTPReply(status: .ok, body: Array(event.data)) }

  /// An error (RFC 9457), with the `code` that a WebSocket client would get.
  static func problem(_ status: HTTPResponseStatus, _ rejection: Rejection) -> HTTPReply {
    var writer = JSONObjectWriter()
    writer.member("type", "about:blank")
    writer.member("title", status.reasonPhrase)
    writer.member("status", Int(status.code))
    writer.member("detail", rejection.message)
    writer.member("code", rejection.code.rawValue)
    if let stage = rejection.stage { writer.member("stage", stage) }
    var reply = HTTPReply(status: status, contentType: "application/problem+json")
    if let wait = rejection.retryAfter {
      writer.member("retryAfterMs", Int(max(1, wait.wholeMilliseconds)))
      reply.headers.append(("Retry-After", String(max(1, (wait.wholeMilliseconds + 999) / 1000))))
    }
    if status == .unauthorized { reply.headers.append(("WWW-Authenticate", "Bearer")) }
    reply.body = writer.finish()
    return reply
  }

  /// An error by its code.
  static func problem(_ rejection: Rejection) -> HTTPReply { problem(status(of: rejection.code), rejection) }

  /// A text.
  static func text(_ status: HTTPResponseStatus, _ text: String, type: String = "text/plain; charset=utf-8")
    -> HTTPReply
  {
    HTTPReply(status: status, contentType: type, body: Array(text.utf8))
  }

  private static func status(of code: ErrorCode) -> HTTPResponseStatus {
    switch code {
    case .unauthenticated, .tokenExpired: .unauthorized
    case .forbidden: .forbidden
    case .notFound: .notFound
    case .cursorExpired: .gone
    case .payloadTooLarge: .payloadTooLarge
    case .rateLimited: .tooManyRequests
    case .unavailable, .timeout: .serviceUnavailable
    case .internal: .internalServerError
    default: .badRequest
    }
  }

  /// Writes the response.
  ///
  /// - Returns: When it has been written.
  func write(to context: ChannelHandlerContext, keepAlive: Bool) -> EventLoopFuture<Void> {
    var fields = HTTPHeaders(headers)
    // A 204 has no body, and says no length (RFC 9110, section 8.6).
    if status != .noContent { fields.add(name: "Content-Length", value: String(body.count)) }
    if !body.isEmpty { fields.add(name: "Content-Type", value: contentType) }
    fields.add(name: "Cache-Control", value: "no-store")
    if !keepAlive { fields.add(name: "Connection", value: "close") }
    let head = HTTPResponseHead(version: .http1_1, status: status, headers: fields)
    context.write(NIOAny(HTTPServerResponsePart.head(head)), promise: nil)
    context.write(NIOAny(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
    let written = context.eventLoop.makePromise(of: Void.self)
    context.writeAndFlush(NIOAny(HTTPServerResponsePart.end(nil)), promise: written)
    return written.futureResult
  }
}

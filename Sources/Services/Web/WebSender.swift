public import Pipeline

/// Sends requests to other servers, many at a time: by HTTP/2 where the other side takes it, over few connections.
///
/// What is beyond the bounds of its connections waits in the order in which it came.
public protocol WebSender: Sendable {
  /// Makes a request by POST. Redirects are not followed; a request is sent once, and whether one that failed has
  /// arrived is not known.
  ///
  /// - Throws: what keeps it from being answered; ``WebTimeout`` where that is time.
  func post(_ request: WebPost) async throws -> WebAnswer
}

/// A request by POST.
public struct WebPost: Sendable {
  /// An absolute `http` or `https` address.
  public var address: String
  /// The header fields.
  public var headers: [(name: String, value: String)]
  /// The body.
  public var body: [UInt8]
  /// The most bytes of an answer's body; what is beyond is cut off.
  public var limit: Int
  /// How long everything together may take.
  public var timeout: Duration

  /// A request by its parts.
  public init(
    _ address: String, headers: [(name: String, value: String)], body: [UInt8], limit: Int = 64 << 10,
    timeout: Duration
  ) {
    self.address = address
    self.headers = headers
    self.body = body
    self.limit = limit
    self.timeout = timeout
  }
}

/// An answer to a ``WebPost``.
public struct WebAnswer: Sendable {
  /// The status, such as 200.
  public var status: Int
  /// The value of `Retry-After`, where there is one.
  public var retryAfter: String?
  /// The body, as far as it was read.
  public var body: [UInt8]

  /// An answer by its parts.
  public init(status: Int, retryAfter: String? = nil, body: [UInt8] = []) {
    self.status = status
    self.retryAfter = retryAfter
    self.body = body
  }
}

/// A request that was not answered in time.
public struct WebTimeout: Error, Sendable, CustomStringConvertible {
  /// What it is, in words for the operator.
  public var description: String { "no answer in time" }

  /// The fault.
  public init() {}
}

/// The key under which stages find the sender.
public enum WebSenderKey: ServiceKey {
  /// The sender's seam.
  public typealias Service = any WebSender
}

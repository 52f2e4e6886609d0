import NIOHTTP1

/// What browsers are told of requests from pages of other origins (the Fetch standard, "CORS protocol").
struct CrossOrigin {
  private let policy: OriginPolicy
  private let origin: String
  private let isAllowed: Bool

  /// `nil` for a request that no page of another origin makes.
  init?(_ head: HTTPRequestHead, origins: [String]) {
    guard let origin = head.headers.first(name: "origin") else { return nil }
    policy = OriginPolicy(origins)
    self.origin = origin
    isAllowed = policy.allows(origin, host: head.headers.first(name: "host") ?? "")
  }

  /// Adds what lets the page read the answer, where it may.
  func add(to reply: inout HTTPReply) {
    reply.headers.append(("Vary", "Origin"))
    guard isAllowed else { return }
    reply.headers.append(("Access-Control-Allow-Origin", origin))
    reply.headers.append(("Access-Control-Expose-Headers", "Retry-After, WWW-Authenticate"))
  }

  /// Answers a browser that asks ahead whether a request may be made.
  var preflight: HTTPReply {
    var reply = HTTPReply(status: .noContent)
    guard isAllowed else { return reply }
    reply.headers = [
      ("Access-Control-Allow-Methods", "GET, POST, PATCH, DELETE"),
      ("Access-Control-Allow-Headers", "Authorization, Content-Type"), ("Access-Control-Max-Age", "600"),
    ]
    return reply
  }
}

/// The `code` of an `ERROR`. Open: a custom stage may use codes of its own.
public struct ErrorCode: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral,
  CustomStringConvertible
{
  /// The code as a client sees it.
  public let rawValue: String

  /// A code by its name.
  public init(rawValue: String) { self.rawValue = rawValue }

  /// A code by its name, written as a literal.
  public init(stringLiteral value: String) { rawValue = value }

  /// The code as a client sees it.
  public var description: String { rawValue }

  /// No valid identity.
  public static let unauthenticated: ErrorCode = "UNAUTHENTICATED"
  /// The token's `exp` has passed.
  public static let tokenExpired: ErrorCode = "TOKEN_EXPIRED"
  /// The identity is valid and not entitled.
  public static let forbidden: ErrorCode = "FORBIDDEN"
  /// Too many events; see ``Rejection/retryAfter``.
  public static let rateLimited: ErrorCode = "RATE_LIMITED"
  /// The event is malformed; the message says which field and why.
  public static let invalidEvent: ErrorCode = "INVALID_EVENT"
  /// Nobody takes events of this type.
  public static let unknownEvent: ErrorCode = "UNKNOWN_EVENT"
  /// A field is over its limit.
  public static let payloadTooLarge: ErrorCode = "PAYLOAD_TOO_LARGE"
  /// What the event names does not exist for this user.
  public static let notFound: ErrorCode = "NOT_FOUND"
  /// A backend is down: the event was not taken.
  public static let unavailable: ErrorCode = "UNAVAILABLE"
  /// A stage took too long: the outcome is unknown.
  public static let timeout: ErrorCode = "TIMEOUT"
  /// A fault of the server.
  public static let `internal`: ErrorCode = "INTERNAL"
  /// A sync cursor that belongs to another store or is older than what is kept.
  public static let cursorExpired: ErrorCode = "CURSOR_EXPIRED"
}

/// Why an event was not taken, in words for the client that sent it.
public struct Rejection: Error, Sendable, Equatable {
  /// What a program acts on.
  public var code: ErrorCode
  /// What a person reads. It never holds a token or a message's content.
  public var message: String
  /// When to send the event again, where waiting helps.
  public var retryAfter: Duration?
  /// The stage that rejected; the engine fills it in.
  public internal(set) var stage: String?

  /// A rejection with what a program and a person need to know.
  public init(_ code: ErrorCode, _ message: String, retryAfter: Duration? = nil) {
    self.code = code
    self.message = message
    self.retryAfter = retryAfter
  }
}

import Logging
public import Pipeline
import Services

/// Finds out who sent an event, from signed tokens (JWT, RFC 7519).
///
/// `CONNECT`, `QUERY` and `AUTH` carry a token in `token` of their data; it is verified, becomes the identity of the
/// event and its connection, and is taken out of the data. All other events are their connection's.
///
/// It runs on the event loop: an HMAC takes some microseconds, once per token.
public struct Auth: BatchStage {
  /// The name in `pipeline.yaml`.
  public static let name = "auth"
  /// What the stage does, in a line.
  public static let summary = "finds out who sent an event, from signed tokens"
  /// The keys of its configuration.
  public static let options = AuthConfiguration.options
  /// All events, connecting, disconnecting and HTTP reads included.
  public static let events: EventFilter = .all

  private let verifier: TokenVerifier
  private let revocations: RevocationList
  private let clock: EngineClock

  /// Gives identity.
  public static func requirements(_ configuration: AuthConfiguration) -> Requirements {
    Requirements(gives: [.identity])
  }

  /// Reports keys that are missing or too weak, algorithms that are not known, and dubious settings.
  public static func check(_ configuration: AuthConfiguration, _ report: inout ConfigurationReport) {
    configuration.check(&report)
  }

  /// Starts the stage. A file of secrets that is missing is made: ``check(_:_:)`` has let it pass only where that is
  /// allowed.
  ///
  /// - Throws: `StageStartError` where no key is configured, ``SecretFileError`` where the file can't be used.
  public init(_ configuration: AuthConfiguration, _ context: StageContext) throws {
    guard let path = configuration.secretFile else {
      throw StageStartError("stage '\(context.name)' has no key: set 'secret_file'")
    }
    verifier = TokenVerifier(
      keys: try Self.secrets(path, context.logger).map(HMACKey.init(secret:)),
      algorithms: configuration.acceptedAlgorithms, policy: configuration.policy)
    revocations = context.services[RevocationListKey.self] ?? RevocationList()
    clock = context.clock
  }

  private static func secrets(_ path: String, _ logger: Logger) throws(SecretFileError) -> [[UInt8]] {
    do { return try SecretFile.read(path).secrets } catch  where error.isMissing {
      if try SecretFile.makeIfMissing(path) {
        logger.notice("made a random secret for tokens", metadata: ["file": "\(path)"])
      }
      return try SecretFile.read(path).secrets
    }
  }

  /// Gives events their identity; rejects what has none with `UNAUTHENTICATED` or `TOKEN_EXPIRED`, and an `AUTH` for
  /// another user with `FORBIDDEN`.
  public func process(_ batch: inout EventBatch) {
    let now = clock.wall()
    for index in batch.indices {
      if let rejection = authenticate(&batch[index], at: now) { batch.reject(rejection, at: index) }
    }
  }

  /// Gives an event its identity, or says why it has none.
  func authenticate(_ event: inout Event, at now: Timestamp) -> Rejection? {
    let request = AuthRequest(
      type: event.type, ingress: event.connection.ingress, token: takeToken(from: &event),
      held: event.connection.identity)
    let decision = AuthDecision(request, at: now) { (token) throws(TokenFault) in
      let identity = try verifier.verify(token: token, now: now)
      guard !revocations.revokes(identity.userID, issuedAt: identity.issuedAt) else { throw .revoked }
      return identity
    }
    switch decision {
    case .pass(let identity): event.identity = identity
    case .adopt(let identity):
      event.connection.identity = identity
      event.identity = identity
    case .reject(let rejection): return rejection
    }
    return nil
  }

  /// The token of an event of a type that carries one; no later stage, log or tap sees it.
  private func takeToken(from event: inout Event) -> AuthRequest.Token {
    guard event.type == .connect || event.type == .query || event.type == .auth,
      event.data.kind("token") != nil
    else { return .absent }
    defer { event.data.remove("token") }
    guard let token = event.data.string("token") else { return .unreadable }
    return .text(token)
  }
}

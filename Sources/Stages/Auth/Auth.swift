import Logging
public import Pipeline
import Services

/// Finds out who sent an event, from signed tokens (JWT, RFC 7519).
///
/// `CONNECT`, `QUERY` and `AUTH` carry a token in `token` of their data; it is verified, becomes the identity of the
/// event and its connection, and is taken out of the data. All other events are their connection's.
///
/// It runs on the event loop: an HMAC takes some microseconds, once per token. Signatures by public keys take some
/// hundred, and keys may have to be fetched first: they are verified by tasks.
public struct Auth: BatchStage {
  /// The name in `pipeline.yaml`.
  public static let name = "auth"
  /// What the stage does, in a line.
  public static let summary = "finds out who sent an event, from signed tokens"
  /// The keys of its configuration.
  public static let options = AuthConfiguration.options
  /// All events, connecting, disconnecting and HTTP reads included.
  public static let events: EventFilter = .all

  let verifier: TokenVerifier
  private let revocations: RevocationList
  private let clock: EngineClock

  /// Gives identity.
  public static func requirements(_ configuration: AuthConfiguration) -> Requirements {
    Requirements(gives: [.identity])
  }

  /// The file of the keys, unless they are fetched.
  public static func files(_ configuration: AuthConfiguration) -> [String] {
    configuration.keyPlaces.filter { $0.key != .jwksURL }.map(\.value)
  }

  /// Reports keys that are missing or too weak, algorithms that are not known, and dubious settings.
  public static func check(_ configuration: AuthConfiguration, _ report: inout ConfigurationReport) {
    configuration.check(&report)
  }

  /// Starts the stage. A file of secrets that is missing is made: ``check(_:_:)`` has let it pass only where that is
  /// allowed. Keys that are fetched are waited for, but not for long: the stage starts without them too, and events
  /// with a token are `UNAVAILABLE` until they are there; at a reload it does not start without them.
  ///
  /// Keys that a predecessor had too confirm what they have confirmed, unless what is asked of tokens has changed.
  ///
  /// - Throws: `StageStartError` where not exactly one key is configured or the process can't fetch it,
  ///   ``KeyFileError`` where a file can't be used.
  public init(_ configuration: AuthConfiguration, _ context: StageContext) async throws {
    let (algorithms, policy) = (configuration.acceptedAlgorithms, configuration.policy)
    let predecessor = context.predecessor(as: Auth.self)?.verifier
    let inherited = predecessor.flatMap { $0.accepts(algorithms, policy) ? $0.keys : nil }
    let source = try await configuration.keySource(context, inheriting: inherited ?? .none)
    guard predecessor == nil || !source.isWaiting else {
      source.end()
      throw StageStartError("the keys can't be fetched now")
    }
    verifier = TokenVerifier(source: source, algorithms: algorithms, policy: policy, following: predecessor)
    revocations = context.services[RevocationListKey.self] ?? RevocationList()
    clock = context.clock
  }

  /// Nothing rests any longer on what only the predecessor accepted: connections that do are to show another token.
  public func activate() {
    verifier.takeOver(at: clock.wall())
  }

  /// Fetches keys again that come from a server.
  public func refresh() async { await verifier.refresh() }

  /// Looks for no newer keys any more. Where no other stage has taken over, nothing rests on these any longer.
  public func shutDown() async { verifier.end(at: clock.wall()) }

  /// Gives events their identity; rejects what has none with `UNAUTHENTICATED` or `TOKEN_EXPIRED`, and an `AUTH` for
  /// another user with `FORBIDDEN`.
  public func process(_ batch: inout EventBatch) {
    let now = clock.wall()
    // Connections of this batch whose token is still being looked at; hardly ever any.
    var undecided: Set<ConnectionID> = []
    for index in batch.indices {
      guard undecided.isEmpty || !undecided.contains(batch[index].connection.id) else {
        batch.postpone(at: index)
        continue
      }
      let request = AuthRequest(taking: &batch[index])
      guard case .text(let token) = request.token else {
        apply(AuthDecision(request, at: now, identity: nil), to: &batch, at: index)
        continue
      }
      switch verifier.attempt(token, now: now) {
      case .settled(let result):
        apply(AuthDecision(request, at: now, identity: unrevoked(result)), to: &batch, at: index)
      case .unsettled(let unverified):
        undecided.insert(batch[index].connection.id)
        batch.decideLater(at: index) { event in
          let result: Result<Identity, TokenFault>
          do throws(TokenFault) {
            result = .success(try await verifier.finish(unverified, clock: clock))
          } catch {
            result = .failure(error)
          }
          return AuthDecision(request, at: clock.wall(), identity: unrevoked(result)).apply(to: &event)
        }
      }
    }
  }

  private func apply(_ decision: AuthDecision, to batch: inout EventBatch, at index: Int) {
    if case .reject(let rejection) = decision.apply(to: &batch[index]) { batch.reject(rejection, at: index) }
  }

  private func unrevoked(_ result: Result<Identity, TokenFault>) -> Result<Identity, TokenFault> {
    result.flatMap { identity in
      revocations.revokes(identity.userID, issuedAt: identity.issuedAt)
        ? .failure(.revoked) : .success(identity)
    }
  }
}

extension AuthRequest {
  /// What an event asks for. Its token is taken out of its data: no later stage, log or tap sees it.
  init(taking event: inout Event) {
    self.init(
      type: event.type, ingress: event.connection.ingress, token: Self.takeToken(from: &event),
      held: event.connection.identity)
  }

  private static func takeToken(from event: inout Event) -> Token {
    guard event.type == .connect || event.type == .query || event.type == .auth,
      event.data.kind("token") != nil
    else { return .absent }
    defer { event.data.remove("token") }
    guard let token = event.data.string("token") else { return .unreadable }
    return .text(token)
  }
}

extension AuthDecision {
  /// Gives an event its identity, and its connection where it brings one.
  func apply(to event: inout Event) -> Verdict {
    switch self {
    case .pass(let identity): event.identity = identity
    case .adopt(let identity):
      event.connection.identity = identity
      event.identity = identity
    case .reject(let rejection): return .reject(rejection)
    }
    return .continue
  }
}

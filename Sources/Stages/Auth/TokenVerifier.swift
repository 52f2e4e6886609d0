import Pipeline
import Synchronization

/// Turns tokens into identities: signature first, then claims, so that only who holds a genuine token learns what is
/// wrong with its claims.
///
/// May be used from all threads at once; the cache has a lock of its own. What was verified with a key is forgotten
/// when the key is withdrawn.
final class TokenVerifier: Sendable {
  private let source: any KeySource
  private let algorithms: Set<JWSAlgorithm>
  private let policy: ClaimsPolicy
  private let cache: Mutex<TokenCache>
  private let isInForce = Atomic<Bool>(false)
  /// The verifier that is in force until this one takes over.
  private let predecessor: Mutex<TokenVerifier?>

  /// A verifier.
  ///
  /// - Parameters:
  ///   - source: Where the keys are.
  ///   - algorithms: What a token may be signed with.
  ///   - predecessor: The verifier that is in force until this one takes over.
  ///   - capacity: How many verified tokens are remembered.
  init(
    source: any KeySource, algorithms: Set<JWSAlgorithm>, policy: ClaimsPolicy,
    following predecessor: TokenVerifier? = nil, remembering capacity: Int = 10_000
  ) {
    self.source = source
    self.algorithms = algorithms
    self.policy = policy
    self.predecessor = Mutex(predecessor)
    cache = Mutex(TokenCache(capacity: capacity))
  }

  /// How many verified tokens are remembered now.
  var rememberedCount: Int { cache.withLock(\.count) }

  /// How far a token has come at once.
  enum Attempt {
    /// It is good, or it is not.
    case settled(Result<Identity, TokenFault>)
    /// Its signature takes much computing, or a key that is not there yet: see ``finish(_:clock:)``.
    case unsettled(Unverified)
  }

  /// A token that was taken apart.
  struct Unverified: Sendable {
    fileprivate let jws: CompactJWS
    fileprivate let key: TokenCache.Key
  }

  /// Settles what takes some microseconds: a token that is remembered, refused at sight, or signed with an HMAC.
  func attempt(_ token: String, now: Timestamp) -> Attempt {
    // Longer ones are refused anyway, and must not cost a hash.
    let key = token.utf8.count <= CompactJWS.mostBytes ? TokenCache.Key(token: token) : nil
    if let key, let known = remembered(key) {
      return .settled(known.isValid(at: now) ? .success(known) : .failure(.expired))
    }
    do throws(TokenFault) {
      let jws = try CompactJWS(token, algorithms: algorithms)
      guard let key else { throw .malformed("it is longer than \(CompactJWS.mostBytes) bytes") }
      let unverified = Unverified(jws: jws, key: key)
      guard jws.algorithm.scheme == .hmac else { return .unsettled(unverified) }
      return .settled(.success(try verify(unverified, now)))
    } catch {
      return .settled(.failure(error))
    }
  }

  /// Verifies what an attempt has left over, with newer keys where the token names one that is not there.
  ///
  /// - Throws: ``TokenFault`` where the token is not good now. Failures are not remembered.
  func finish(_ token: Unverified, clock: EngineClock) async throws(TokenFault) -> Identity {
    if source.isWaiting || source.keys.candidates(for: token.jws.keyID).isEmpty { await source.refresh() }
    return try verify(token, clock.wall())
  }

  private func remembered(_ key: TokenCache.Key) -> Identity? {
    cache.withLock { cache in
      guard let known = cache[key] else { return nil }
      return known.credential?.isWithdrawn == true ? nil : known
    }
  }

  private func verify(_ token: Unverified, _ now: Timestamp) throws(TokenFault) -> Identity {
    guard !source.isWaiting else { throw .noKeys }
    let signer = source.keys.candidates(for: token.jws.keyID).first { token.jws.isSigned(by: $0.key) }
    guard let signer else { throw .signature }
    let claims = try ReceivedClaims(parsing: token.jws.payload)
    try policy.check(claims, at: now)
    let identity = Identity(
      userID: claims.subject, name: claims.name, expiresAt: claims.expiresAt, scopes: claims.scopes,
      issuedAt: claims.issuedAt, credential: signer.credential)
    cache.withLock { $0.insert(identity, for: token.key) }
    return identity
  }

  /// The keys in force.
  var keys: KeySet { source.keys }

  /// Whether it asks the same of tokens.
  func accepts(_ algorithms: Set<JWSAlgorithm>, _ policy: ClaimsPolicy) -> Bool {
    self.algorithms == algorithms && self.policy.asksTheSame(as: policy)
  }

  /// Looks for newer keys now.
  func refresh() async { await source.fetch() }

  /// From now on connections rest on what this one verifies; what only the one before it would, is taken back.
  func takeOver(at now: Timestamp) {
    predecessor.withLock { $0.take() }?.withdraw(allBut: keys, at: now)
    isInForce.store(true, ordering: .relaxed)
  }

  /// Takes back what its keys have confirmed, but for those that a successor has too; it is no longer in force.
  private func withdraw(allBut kept: KeySet, at now: Timestamp) {
    isInForce.store(false, ordering: .relaxed)
    for member in source.keys.members
    where !kept.members.contains(where: { $0.credential === member.credential }) {
      member.credential.withdraw(at: now)
    }
  }

  /// Looks for no newer keys any more. Where no other has taken over, what the keys have confirmed is taken back.
  func end(at now: Timestamp) {
    source.end()
    if isInForce.load(ordering: .relaxed) { withdraw(allBut: .none, at: now) }
  }
}

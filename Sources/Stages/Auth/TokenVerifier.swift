import Pipeline
import Synchronization

/// Turns tokens into identities: signature first, then claims, so that only who holds a genuine token learns what is
/// wrong with its claims.
///
/// May be used from all threads at once; the cache has a lock of its own. It lives as long as its keys are in force,
/// and what was verified with them is forgotten with it.
final class TokenVerifier: Sendable {
  private let keys: [any VerificationKey]
  private let algorithms: Set<JWSAlgorithm>
  private let policy: ClaimsPolicy
  private let cache: Mutex<TokenCache>

  /// A verifier.
  ///
  /// - Parameters:
  ///   - keys: The keys, asked in this order.
  ///   - algorithms: What a token may be signed with.
  ///   - capacity: How many verified tokens are remembered.
  init(
    keys: [any VerificationKey], algorithms: Set<JWSAlgorithm>, policy: ClaimsPolicy,
    remembering capacity: Int = 10_000
  ) {
    self.keys = keys
    self.algorithms = algorithms
    self.policy = policy
    cache = Mutex(TokenCache(capacity: capacity))
  }

  /// How many verified tokens are remembered now.
  var rememberedCount: Int { cache.withLock(\.count) }

  /// Verifies a token.
  ///
  /// - Throws: ``TokenFault`` where the token is not good now. Failures are not remembered.
  func verify(token: String, now: Timestamp) throws(TokenFault) -> Identity {
    // Longer ones are refused anyway, and must not cost a hash.
    let key = token.utf8.count <= CompactJWS.mostBytes ? TokenCache.Key(token: token) : nil
    if let key, let known = cache.withLock({ $0[key] }) {
      guard known.isValid(at: now) else { throw .expired }
      return known
    }
    let jws = try CompactJWS(token, algorithms: algorithms)
    guard jws.isSigned(byOneOf: keys) else { throw .signature }
    let claims = try ReceivedClaims(parsing: jws.payload)
    try policy.check(claims, at: now)
    let identity = Identity(
      userID: claims.subject, name: claims.name, expiresAt: claims.expiresAt, scopes: claims.scopes,
      issuedAt: claims.issuedAt)
    if let key { cache.withLock { $0.insert(identity, for: key) } }
    return identity
  }
}

extension Identity {
  /// Whether it has not ended yet.
  func isValid(at now: Timestamp) -> Bool {
    guard let expiresAt else { return true }
    return now < expiresAt
  }
}

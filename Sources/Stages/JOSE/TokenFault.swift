import Pipeline

/// Why a token is not accepted. What it says is for the client, and holds nothing of the token.
enum TokenFault: Error, Equatable {
  /// It is no token of the shape that RFC 7515 and RFC 7519 give one.
  case malformed(String)
  /// Its `alg` is not one that is accepted.
  case algorithm
  /// No key confirms its signature.
  case signature
  /// No key is known yet, so that nothing can be said of it.
  case noKeys
  /// Its `exp` has passed.
  case expired
  /// It was made before its user's tokens were revoked.
  case revoked
  /// A claim keeps it from being good here and now.
  case claim(String)

  /// What the client is told.
  var rejection: Rejection {
    switch self {
    case .malformed(let reason): Rejection(.unauthenticated, "the token is malformed: \(reason)")
    case .algorithm: Rejection(.unauthenticated, "the token's algorithm is not accepted")
    case .signature: Rejection(.unauthenticated, "the token's signature is not valid")
    case .noKeys:
      Rejection(.unavailable, "the keys for tokens can't be had now; try again", retryAfter: .seconds(1))
    case .expired: Rejection(.tokenExpired, "the token has expired")
    case .revoked: Rejection(.unauthenticated, "the token has been revoked")
    case .claim(let reason): Rejection(.unauthenticated, "the token is not valid: \(reason)")
    }
  }
}

import Pipeline

/// What a token's claims must say for it to be good here and now (RFC 7519 section 4.1).
struct ClaimsPolicy: Sendable {
  /// What `iss` must be; `nil` where it does not matter.
  var issuer: String?
  /// What `aud` must be or hold; `nil` where it does not matter.
  var audience: String?
  /// By how much the clocks of issuer and verifier may differ: counts for `nbf` and `iat`, never for `exp`.
  var leeway: Duration = .seconds(30)
  /// Whether a token must have an `exp`.
  var requiresExpiry = true

  /// Whether whatever another let pass passes here too, time left aside.
  func asksTheSame(as other: ClaimsPolicy) -> Bool {
    issuer == other.issuer && audience == other.audience && requiresExpiry == other.requiresExpiry
  }

  /// Checks claims.
  ///
  /// - Throws: ``TokenFault/expired``, or ``TokenFault/claim(_:)`` that names the claim.
  func check(_ claims: ReceivedClaims, at now: Timestamp) throws(TokenFault) {
    if let expiresAt = claims.expiresAt {
      // RFC 7519 section 4.1.4: not accepted on or after `exp`.
      guard now < expiresAt else { throw .expired }
    } else if requiresExpiry {
      throw .claim("it has no 'exp'")
    }
    if let notBefore = claims.notBefore, notBefore > now + leeway {
      throw .claim("its 'nbf' lies in the future")
    }
    if let issuedAt = claims.issuedAt, issuedAt > now + leeway {
      throw .claim("its 'iat' lies in the future")
    }
    if let issuer, claims.issuer != issuer { throw .claim("its 'iss' is another") }
    if let audience, !claims.audiences.contains(audience) { throw .claim("its 'aud' is another") }
  }
}

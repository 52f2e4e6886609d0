public import Pipeline

/// Makes tokens, for development and tests: those of production come from the operator's own backend.
public enum JWT {
  /// What a token is to say.
  public struct Claims: Sendable {
    /// The user: `sub`, 1 to 256 characters.
    public var subject: String
    /// The name to show: `name`.
    public var name: String?
    /// Who made it: `iss`.
    public var issuer: String?
    /// Whom it is for: `aud`.
    public var audience: String?
    /// What it is good for beyond being the user: `scope`. A scope holds no space.
    public var scopes: [String]
    /// When it was made: `iat`, to the second below.
    public var issuedAt: Timestamp
    /// When it ends: `exp`, to the second below.
    public var expiresAt: Timestamp?

    /// Claims by their parts.
    public init(
      subject: String, name: String? = nil, issuer: String? = nil, audience: String? = nil,
      scopes: [String] = [], issuedAt: Timestamp, expiresAt: Timestamp?
    ) {
      self.subject = subject
      self.name = name
      self.issuer = issuer
      self.audience = audience
      self.scopes = scopes
      self.issuedAt = issuedAt
      self.expiresAt = expiresAt
    }
  }

  /// Makes a signed token in the compact form (RFC 7515 section 7.1).
  ///
  /// - Parameter secret: The bytes of a secret, as ``SecretFile`` gives them.
  /// - Throws: ``SigningError`` where libcrypto does not sign.
  public static func mint(
    _ claims: Claims, algorithm: JWSAlgorithm = .hs256, secret: [UInt8]
  ) throws(SigningError) -> String {
    var header = JSONObjectWriter(reserving: 32)
    header.member("alg", algorithm.rawValue)
    header.member("typ", "JWT")
    let signed = Base64URL.encode(header.finish()) + "." + Base64URL.encode(json(claims))
    guard let signature = HMACKey(secret: secret).sign(Array(signed.utf8)[...], by: algorithm) else {
      throw SigningError()
    }
    return signed + "." + Base64URL.encode(signature)
  }

  private static func json(_ claims: Claims) -> [UInt8] {
    var payload = JSONObjectWriter()
    payload.member("sub", claims.subject)
    if let name = claims.name { payload.member("name", name) }
    if let issuer = claims.issuer { payload.member("iss", issuer) }
    if let audience = claims.audience { payload.member("aud", audience) }
    if !claims.scopes.isEmpty { payload.member("scope", claims.scopes.joined(separator: " ")) }
    payload.member("iat", Int(claims.issuedAt.milliseconds / 1000))
    if let expiresAt = claims.expiresAt { payload.member("exp", Int(expiresAt.milliseconds / 1000)) }
    return payload.finish()
  }
}

/// A token could not be signed: libcrypto has no memory left or refuses the hash.
public struct SigningError: Error, CustomStringConvertible {
  /// What is wrong, in a line.
  public var description: String { "libcrypto does not sign with this algorithm" }
}

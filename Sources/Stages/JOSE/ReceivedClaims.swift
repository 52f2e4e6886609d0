import Pipeline

/// What a token says, read from its verified payload and not checked against a policy yet (RFC 7519 section 4).
struct ReceivedClaims: Sendable, Equatable {
  /// The most characters of a user's id, counted in Unicode scalars.
  static let mostCharacters = 256
  /// The most bytes of a name.
  static let mostBytes = 256

  /// `sub`: the user, 1 to 256 characters without NUL.
  let subject: String
  /// `name`, cut to 256 bytes at a character; `nil` where it is absent, empty or no string.
  let name: String?
  /// `scope` (RFC 8693 section 4.2: words separated by spaces), or else the array or words of `scopes` or `scp`.
  let scopes: [String]
  /// `iss`.
  let issuer: String?
  /// `aud`, whether it is one or several.
  let audiences: [String]
  /// `exp`.
  let expiresAt: Timestamp?
  /// `nbf`.
  let notBefore: Timestamp?
  /// `iat`.
  let issuedAt: Timestamp?

  /// Reads a payload.
  ///
  /// - Throws: ``TokenFault/malformed(_:)`` where it is no JSON object, has no usable `sub`, or a claim that decides
  ///   on validity is of the wrong type or out of range.
  init(parsing payload: [UInt8]) throws(TokenFault) {
    guard let claims = try? ClaimsJSON(parsing: payload), claims.isObject else {
      throw .malformed("its payload is no JSON object")
    }
    guard let subject = claims["sub"]?.string else { throw .malformed("'sub' is not a string") }
    guard (1...Self.mostCharacters).contains(subject.unicodeScalars.count), !subject.utf8.contains(0) else {
      throw .malformed("'sub' is not 1 to \(Self.mostCharacters) characters without NUL")
    }
    self.subject = subject
    name = claims["name"]?.string.flatMap(Self.trimmed)
    scopes = Self.scopes(claims)
    if let value = claims["iss"] {
      guard let issuer = value.string else { throw .malformed("'iss' is not a string") }
      self.issuer = issuer
    } else {
      issuer = nil
    }
    audiences = try Self.audiences(claims)
    expiresAt = try Self.moment("exp", claims)
    notBefore = try Self.moment("nbf", claims)
    issuedAt = try Self.moment("iat", claims)
  }

  private static func moment(_ key: String, _ claims: ClaimsJSON) throws(TokenFault) -> Timestamp? {
    guard let value = claims[key] else { return nil }
    guard let number = value.number, let moment = NumericDate.moment(number) else {
      throw .malformed("'\(key)' is not a number of seconds since 1970")
    }
    return moment
  }

  private static func audiences(_ claims: ClaimsJSON) throws(TokenFault) -> [String] {
    guard let value = claims["aud"] else { return [] }
    if let audience = value.string { return [audience] }
    guard let values = value.array else { throw .malformed("'aud' is neither a string nor an array") }
    let audiences = values.compactMap(\.string)
    guard audiences.count == values.count else { throw .malformed("'aud' holds what is not a string") }
    return audiences
  }

  /// The first of the three claims that is there; what is of the wrong type grants nothing.
  private static func scopes(_ claims: ClaimsJSON) -> [String] {
    guard let value = claims["scope"] ?? claims["scopes"] ?? claims["scp"] else { return [] }
    if let words = value.string { return words.split(separator: " ").map(String.init) }
    return value.array?.compactMap(\.string) ?? []
  }

  private static func trimmed(_ name: String) -> String? {
    guard !name.isEmpty, !name.utf8.contains(0) else { return nil }
    var kept = name
    while kept.utf8.count > mostBytes { kept.removeLast() }
    return kept.isEmpty ? nil : kept
  }
}

public import Pipeline

/// What the entry of ``Auth`` holds. Exactly one of the four places for keys is set.
public struct AuthConfiguration: Decodable, Sendable {
  /// Where the secrets are: see ``SecretFile`` for the format.
  public var secretFile: String?
  /// Where public keys are, in PEM, newest first.
  public var publicKeyFile: String?
  /// Where a set of public keys is, in JSON (RFC 7517).
  public var jwksFile: String?
  /// The address of such a set.
  public var jwksURL: String?
  /// How long a fetched set is kept at most; absent: ten minutes.
  public var jwksRefresh: ConfigDuration?
  /// The algorithms that are accepted, by their names in RFC 7518 and RFC 8037; absent: all that the keys are good
  /// for.
  public var algorithms: [String]?
  /// What `iss` must be; absent: anything.
  public var issuer: String?
  /// What `aud` must be or hold; absent: anything.
  public var audience: String?
  /// By how much the issuer's clock may be ahead, for `nbf` and `iat`; absent: 30 seconds.
  public var leeway: ConfigDuration?
  /// Whether a token must have an `exp`; absent: it must.
  public var requireExp: Bool?

  /// A configuration by its parts.
  public init(
    secretFile: String? = nil, publicKeyFile: String? = nil, jwksFile: String? = nil, jwksURL: String? = nil,
    jwksRefresh: ConfigDuration? = nil, algorithms: [String]? = nil, issuer: String? = nil,
    audience: String? = nil,
    leeway: ConfigDuration? = nil, requireExp: Bool? = nil
  ) {
    self.secretFile = secretFile
    self.publicKeyFile = publicKeyFile
    self.jwksFile = jwksFile
    self.jwksURL = jwksURL
    self.jwksRefresh = jwksRefresh
    self.algorithms = algorithms
    self.issuer = issuer
    self.audience = audience
    self.leeway = leeway
    self.requireExp = requireExp
  }

  enum CodingKeys: String, CodingKey {
    case secretFile = "secret_file"
    case publicKeyFile = "public_key_file"
    case jwksFile = "jwks_file"
    case jwksURL = "jwks_url"
    case jwksRefresh = "jwks_refresh"
    case algorithms
    case issuer
    case audience
    case leeway
    case requireExp = "require_exp"
  }

  /// The keys, for `sluice stages`.
  public static let options = [
    StageOption(
      "secret_file", "path", default: nil, "the secrets for HS256, HS384, HS512: one a line, newest first"),
    StageOption("public_key_file", "path", default: nil, "or public keys in PEM, newest first"),
    StageOption("jwks_file", "path", default: nil, "or public keys as a JSON Web Key Set"),
    StageOption("jwks_url", "address", default: nil, "or such a set on a server, fetched and kept fresh"),
    StageOption("jwks_refresh", "duration", default: "10m", "how long a fetched set is kept at most"),
    StageOption(
      "algorithms", "list", default: "all that the keys are good for", "the algorithms that are accepted"),
    StageOption("issuer", "text", default: "anything", "what a token's iss must be"),
    StageOption("audience", "text", default: "anything", "what a token's aud must be or hold"),
    StageOption("leeway", "duration", default: "30s", "by how much the issuer's clock may be ahead"),
    StageOption("require_exp", "true | false", default: "true", "whether a token must have an exp"),
  ]

  /// The algorithms that are accepted; names that are not known are left out, as ``check(_:)`` reports them.
  var acceptedAlgorithms: Set<JWSAlgorithm> {
    guard let algorithms else { return Set(JWSAlgorithm.allCases) }
    return Set(algorithms.compactMap(JWSAlgorithm.init(rawValue:)))
  }

  /// The algorithm that tokens of one's own are signed with: the first that is accepted and takes a secret.
  public var mintingAlgorithm: JWSAlgorithm? {
    guard let algorithms else { return .hs256 }
    return algorithms.compactMap(JWSAlgorithm.init(rawValue:)).first { JWSAlgorithm.shared.contains($0) }
  }

  /// What the claims of a token must say.
  var policy: ClaimsPolicy {
    ClaimsPolicy(
      issuer: issuer, audience: audience, leeway: leeway?.duration ?? .seconds(30),
      requiresExpiry: requireExp ?? true)
  }
}

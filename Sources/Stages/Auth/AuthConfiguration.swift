public import Pipeline

/// What the entry of ``Auth`` holds.
public struct AuthConfiguration: Decodable, Sendable {
  /// Where the secrets are: see ``SecretFile`` for the format.
  public var secretFile: String?
  /// The algorithms that are accepted, by their names in RFC 7518; absent: HS256, HS384 and HS512.
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
    secretFile: String? = nil, algorithms: [String]? = nil, issuer: String? = nil, audience: String? = nil,
    leeway: ConfigDuration? = nil, requireExp: Bool? = nil
  ) {
    self.secretFile = secretFile
    self.algorithms = algorithms
    self.issuer = issuer
    self.audience = audience
    self.leeway = leeway
    self.requireExp = requireExp
  }

  enum CodingKeys: String, CodingKey {
    case secretFile = "secret_file"
    case algorithms
    case issuer
    case audience
    case leeway
    case requireExp = "require_exp"
  }

  /// The keys, for `sluice stages`.
  public static let options = [
    StageOption("secret_file", "path", default: nil, "the secrets, one a line, newest first"),
    StageOption("algorithms", "list", default: allAlgorithms, "the algorithms that are accepted"),
    StageOption("issuer", "text", default: "anything", "what a token's iss must be"),
    StageOption("audience", "text", default: "anything", "what a token's aud must be or hold"),
    StageOption("leeway", "duration", default: "30s", "by how much the issuer's clock may be ahead"),
    StageOption("require_exp", "true | false", default: "true", "whether a token must have an exp"),
  ]

  private static let allAlgorithms = JWSAlgorithm.allCases.map(\.rawValue).joined(separator: ", ")

  /// The algorithms that are accepted; names that are not known are left out, as ``check(_:)`` reports them.
  var acceptedAlgorithms: Set<JWSAlgorithm> {
    guard let algorithms else { return Set(JWSAlgorithm.allCases) }
    return Set(algorithms.compactMap(JWSAlgorithm.init(rawValue:)))
  }

  /// What the claims of a token must say.
  var policy: ClaimsPolicy {
    ClaimsPolicy(
      issuer: issuer, audience: audience, leeway: leeway?.duration ?? .seconds(30),
      requiresExpiry: requireExp ?? true)
  }

  func check(_ report: inout ConfigurationReport) {
    checkSecretFile(&report)
    if let algorithms {
      if algorithms.isEmpty {
        report.error("'algorithms' is empty: no token could be valid", key: "algorithms")
      }
      for name in algorithms where JWSAlgorithm(rawValue: name) == nil {
        report.error("'\(name)' is no algorithm; known: \(Self.allAlgorithms)", key: "algorithms")
      }
    }
    if let leeway = leeway?.duration, leeway > .seconds(3600) {
      report.error("'leeway' is at most 1h", key: "leeway")
    }
    if requireExp == false {
      report.warning("with 'require_exp: false' a token without 'exp' is valid for ever", key: "require_exp")
    }
  }

  private func checkSecretFile(_ report: inout ConfigurationReport) {
    guard let secretFile else {
      return report.error("no key is configured: set 'secret_file'")
    }
    do {
      let contents = try SecretFile.read(secretFile)
      if contents.isOpenToOthers {
        report.warning(
          "'\(secretFile)' is open to every user of this machine; chmod 0600 it", key: "secret_file")
      }
    } catch  where error.isMissing && report.setting.mayMakeSecrets {
      return
    } catch {
      report.error(error.description, key: "secret_file")
    }
  }
}

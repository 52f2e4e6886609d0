/// How a token is signed: the `alg` of its header (RFC 7518 section 3.1, RFC 8037 section 3.1). `none` is no member,
/// on purpose.
public enum JWSAlgorithm: String, Sendable, CaseIterable {
  /// HMAC with SHA-256.
  case hs256 = "HS256"
  /// HMAC with SHA-384.
  case hs384 = "HS384"
  /// HMAC with SHA-512.
  case hs512 = "HS512"
  /// RSASSA-PKCS1-v1_5 with SHA-256.
  case rs256 = "RS256"
  /// RSASSA-PKCS1-v1_5 with SHA-384.
  case rs384 = "RS384"
  /// RSASSA-PKCS1-v1_5 with SHA-512.
  case rs512 = "RS512"
  /// RSASSA-PSS with SHA-256.
  case ps256 = "PS256"
  /// RSASSA-PSS with SHA-384.
  case ps384 = "PS384"
  /// RSASSA-PSS with SHA-512.
  case ps512 = "PS512"
  /// ECDSA on P-256 with SHA-256.
  case es256 = "ES256"
  /// ECDSA on P-384 with SHA-384.
  case es384 = "ES384"
  /// ECDSA on P-521 with SHA-512.
  case es512 = "ES512"
  /// Ed25519 or Ed448.
  case edDSA = "EdDSA"

  /// How the signature is made, whatever the hash.
  enum Scheme: Sendable {
    case hmac
    case rsaPKCS1
    case rsaPSS
    case ecdsa
    case edwards
  }

  /// The hash, in bits of its output.
  enum Hash: Int, Sendable {
    case sha256 = 256
    case sha384 = 384
    case sha512 = 512
  }

  var scheme: Scheme {
    switch self {
    case .hs256, .hs384, .hs512: .hmac
    case .rs256, .rs384, .rs512: .rsaPKCS1
    case .ps256, .ps384, .ps512: .rsaPSS
    case .es256, .es384, .es512: .ecdsa
    case .edDSA: .edwards
    }
  }

  /// The hash that the message goes through; `nil` where the scheme has one of its own.
  var hash: Hash? {
    switch self {
    case .hs256, .rs256, .ps256, .es256: .sha256
    case .hs384, .rs384, .ps384, .es384: .sha384
    case .hs512, .rs512, .ps512, .es512: .sha512
    case .edDSA: nil
    }
  }

  /// Those with a secret that signer and verifier share.
  public static let shared: Set<JWSAlgorithm> = Set(allCases.filter { $0.scheme == .hmac })
}

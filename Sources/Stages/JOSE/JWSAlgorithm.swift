/// How a token is signed: the `alg` of its header (RFC 7518 section 3.1). `none` is no member, on purpose.
public enum JWSAlgorithm: String, Sendable, CaseIterable {
  /// HMAC with SHA-256.
  case hs256 = "HS256"
  /// HMAC with SHA-384.
  case hs384 = "HS384"
  /// HMAC with SHA-512.
  case hs512 = "HS512"
}

/// A key that signatures are verified with.
///
/// A key states its algorithms, and is asked about no other: what a token's header claims never decides how a key is
/// used (RFC 8725 section 3.1), so that a public key can't be passed off as a secret.
protocol VerificationKey: Sendable {
  /// The algorithms that the key is good for.
  var algorithms: Set<JWSAlgorithm> { get }

  /// What tells the key from others, as bytes; two keys are the same where these and their algorithms are.
  var encoded: [UInt8] { get }

  /// Whether `signature` is the key's signature of `message` by `algorithm`, one of ``algorithms``.
  func verifies(_ signature: [UInt8], of message: ArraySlice<UInt8>, by algorithm: JWSAlgorithm) -> Bool
}

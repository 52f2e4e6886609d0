import COpenSSL

/// A secret shared by those who sign and those who verify (RFC 7518 section 3.2).
struct HMACKey: VerificationKey {
  /// The least bytes of a secret: as many as the shortest of the hashes has. RFC 7518 asks for as many as the hash in
  /// use has; operators with one secret of 32 bytes for all three are let be, as its strength is that of HS256.
  static let leastBytes = 32

  private let secret: [UInt8]

  /// A key by its secret.
  init(secret: [UInt8]) { self.secret = secret }

  /// All HMACs: a secret is good for each.
  var algorithms: Set<JWSAlgorithm> { JWSAlgorithm.shared }

  /// The secret itself; it is compared, and never shown.
  var encoded: [UInt8] { secret }

  /// Whether a signature is right, in a time that does not tell how much of it is.
  func verifies(_ signature: [UInt8], of message: ArraySlice<UInt8>, by algorithm: JWSAlgorithm) -> Bool {
    guard let expected = sign(message, by: algorithm), expected.count == signature.count else { return false }
    return CRYPTO_memcmp(expected, signature, expected.count) == 0
  }

  /// The signature of a message; `nil` where the algorithm is no HMAC, or libcrypto has no memory left.
  func sign(_ message: ArraySlice<UInt8>, by algorithm: JWSAlgorithm) -> [UInt8]? {
    guard algorithms.contains(algorithm), let hash = algorithm.hash else { return nil }
    var code = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var length: UInt32 = 0
    let done = message.withUnsafeBufferPointer { message in
      HMAC(hash.digest, secret, Int32(secret.count), message.baseAddress, message.count, &code, &length)
        != nil
    }
    return done ? Array(code.prefix(Int(length))) : nil
  }
}

import COpenSSL

/// The public half of a key pair: RSA of 2048 to 8192 bits, P-256, P-384, P-521, Ed25519 or Ed448.
///
/// What it is decides what it is good for: an elliptic curve has one algorithm (RFC 7518 section 3.4), an RSA key
/// six.
final class PublicKey: VerificationKey, @unchecked Sendable {
  // Sendable holds because `key` is never changed after `init`, and libcrypto lets any number of threads verify with
  // one EVP_PKEY: what it caches in it is behind a lock of its own.
  private let key: OpaquePointer
  /// What the key is good for.
  let algorithms: Set<JWSAlgorithm>
  /// The SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7): two keys are the same where these are.
  let encoded: [UInt8]

  /// The least and the most bits of an RSA key: fewer can be broken, more let a forger burn our time.
  private static let rsaBits: ClosedRange<Int32> = 2048...8192

  /// A key from its SubjectPublicKeyInfo.
  ///
  /// - Throws: ``KeyFault`` where libcrypto can't read it, or it is of a kind or size that is not used here.
  convenience init(encoded: [UInt8]) throws(KeyFault) {
    var start: UnsafePointer<UInt8>?
    let key = encoded.withUnsafeBufferPointer { bytes -> OpaquePointer? in
      start = bytes.baseAddress
      return d2i_PUBKEY(nil, &start, bytes.count)
    }
    guard let key else { throw KeyFault.unreadable() }
    try self.init(owning: key)
  }

  /// Takes over a key of libcrypto's.
  ///
  /// - Throws: ``KeyFault`` where it is of a kind or size that is not used here.
  init(owning key: OpaquePointer) throws(KeyFault) {
    do throws(KeyFault) {
      algorithms = try Self.algorithms(of: key)
      encoded = try Self.encode(key)
    } catch {
      EVP_PKEY_free(key)
      throw error
    }
    self.key = key
  }

  deinit { EVP_PKEY_free(key) }

  private static func algorithms(of key: OpaquePointer) throws(KeyFault) -> Set<JWSAlgorithm> {
    switch EVP_PKEY_get_base_id(key) {
    case EVP_PKEY_RSA:
      try checkSize(of: key)
      return [.rs256, .rs384, .rs512, .ps256, .ps384, .ps512]
    case EVP_PKEY_RSA_PSS:
      try checkSize(of: key)
      return [.ps256, .ps384, .ps512]
    case EVP_PKEY_EC:
      switch group(of: key) {
      case "prime256v1": return [.es256]
      case "secp384r1": return [.es384]
      case "secp521r1": return [.es512]
      case let other: throw KeyFault("the curve \(other) is none of P-256, P-384 and P-521")
      }
    case EVP_PKEY_ED25519, EVP_PKEY_ED448: return [.edDSA]
    default: throw KeyFault("it is neither an RSA, an elliptic-curve nor an Edwards-curve key")
    }
  }

  private static func checkSize(of key: OpaquePointer) throws(KeyFault) {
    let bits = EVP_PKEY_get_bits(key)
    guard rsaBits.contains(bits) else {
      throw KeyFault(
        "it is an RSA key of \(bits) bits; \(rsaBits.lowerBound) to \(rsaBits.upperBound) are accepted")
    }
  }

  private static func group(of key: OpaquePointer) -> String {
    var name = [CChar](repeating: 0, count: 64)
    var length = 0
    guard EVP_PKEY_get_group_name(key, &name, name.count, &length) == 1 else { return "without a name" }
    return String(decoding: name.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func encode(_ key: OpaquePointer) throws(KeyFault) -> [UInt8] {
    var bytes: UnsafeMutablePointer<UInt8>?
    let count = i2d_PUBKEY(key, &bytes)
    guard count > 0, let bytes else { throw KeyFault.unreadable() }
    defer { CRYPTO_free(bytes, #file, #line) }
    return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
  }

  /// Whether the owner of the private half has made `signature` of `message` by `algorithm`.
  func verifies(_ signature: [UInt8], of message: ArraySlice<UInt8>, by algorithm: JWSAlgorithm) -> Bool {
    guard algorithms.contains(algorithm), let signature = Self.native(signature, algorithm) else {
      return false
    }
    guard let context = EVP_MD_CTX_new() else { return false }
    defer {
      EVP_MD_CTX_free(context)
      // What is wrong with a signature stays in the thread's queue of errors otherwise.
      ERR_clear_error()
    }
    var settings: OpaquePointer?
    guard EVP_DigestVerifyInit(context, &settings, algorithm.hash?.digest, nil, key) == 1 else {
      return false
    }
    if algorithm.scheme == .rsaPSS {
      // RFC 7518 section 3.5: the salt is as long as the hash, whose own mask function is used.
      guard EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) == 1,
        EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, Int32(RSA_PSS_SALTLEN_DIGEST)) == 1
      else { return false }
    }
    return message.withUnsafeBufferPointer { message in
      EVP_DigestVerify(context, signature, signature.count, message.baseAddress, message.count) == 1
    }
  }

  /// A signature in the form that libcrypto takes. Of an elliptic curve a token has both numbers at their full length
  /// (RFC 7518 section 3.4), libcrypto wants them as a DER sequence (RFC 3279 section 2.2.3).
  private static func native(_ signature: [UInt8], _ algorithm: JWSAlgorithm) -> [UInt8]? {
    guard algorithm.scheme == .ecdsa else { return signature }
    let length =
      switch algorithm {
      case .es256: 32
      case .es384: 48
      default: 66
      }
    guard signature.count == 2 * length else { return nil }
    return DER.sequence(DER.integer(signature[..<length]), DER.integer(signature[length...]))
  }
}

/// Why a public key can't be used, in words for the operator.
struct KeyFault: Error, Equatable, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }

  /// Clears what libcrypto has noted of it: the next to ask would take it for its own.
  static func unreadable() -> KeyFault {
    ERR_clear_error()
    return KeyFault("it is no public key that libcrypto can read")
  }
}

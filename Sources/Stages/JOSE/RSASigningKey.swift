import COpenSSL

/// The private half of an RSA key, with which one's own assertions are signed by RS256 (RFC 7518 section 3.3).
final class RSASigningKey: @unchecked Sendable {
  // Sendable holds because `key` is never changed after `init`, and libcrypto lets any number of threads sign with one
  // EVP_PKEY: what it caches in it is behind a lock of its own.
  private let key: OpaquePointer

  /// A key from its PEM text: `PRIVATE KEY` or `RSA PRIVATE KEY`, not encrypted.
  ///
  /// - Throws: ``KeyFault`` where libcrypto can't read it, it is no RSA key, or one of less than 2048 bits.
  init(pem text: String) throws(KeyFault) {
    let source = try PEMSource.make(of: Array(text.utf8))
    defer {
      BIO_free(source)
      ERR_clear_error()
    }
    // A password that is given keeps libcrypto from asking for one at the terminal.
    var noPassword: [CChar] = [0]
    guard
      let key = noPassword.withUnsafeMutableBytes({
        PEM_read_bio_PrivateKey(source, nil, nil, $0.baseAddress)
      })
    else { throw KeyFault("it is no private key in PEM that libcrypto can read") }
    guard EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA, EVP_PKEY_get_bits(key) >= 2048 else {
      EVP_PKEY_free(key)
      throw KeyFault("it is no RSA key of 2048 bits or more")
    }
    self.key = key
  }

  deinit { EVP_PKEY_free(key) }

  /// The RS256 signature of a message.
  ///
  /// - Throws: ``SigningError`` where libcrypto does not sign.
  func sign(_ message: [UInt8]) throws(SigningError) -> [UInt8] {
    guard let context = EVP_MD_CTX_new() else { throw SigningError() }
    defer {
      EVP_MD_CTX_free(context)
      ERR_clear_error()
    }
    var signature = [UInt8](repeating: 0, count: Int(EVP_PKEY_get_size(key)))
    var count = signature.count
    guard EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key) == 1,
      EVP_DigestSign(context, &signature, &count, message, message.count) == 1
    else { throw SigningError() }
    return Array(signature.prefix(count))
  }
}

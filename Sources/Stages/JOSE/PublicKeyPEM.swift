import COpenSSL

/// Public keys in a PEM text (RFC 7468): `PUBLIC KEY`, `RSA PUBLIC KEY`, or the key of a `CERTIFICATE`.
enum PublicKeyPEM {
  /// How many keys a text may hold.
  static let mostKeys = 100

  /// The keys of a text, in its order.
  ///
  /// - Throws: ``KeyFault`` where it holds none, something else, or a private key: that one has no place where tokens
  ///   are only verified.
  static func keys(in text: [UInt8]) throws(KeyFault) -> [PublicKey] {
    let source = try PEMSource.make(of: text)
    defer {
      BIO_free(source)
      // The end of the text is an error to libcrypto.
      ERR_clear_error()
    }
    var keys: [PublicKey] = []
    while let (label, content) = next(in: source) {
      guard keys.count < mostKeys else { throw KeyFault("it holds more than \(mostKeys) keys") }
      do throws(KeyFault) {
        keys.append(try key(label, content))
      } catch {
        throw KeyFault("key \(keys.count + 1): \(error)")
      }
    }
    guard !keys.isEmpty else { throw KeyFault("it holds no public key in PEM") }
    return keys
  }

  private static func next(in source: OpaquePointer) -> (label: String, content: [UInt8])? {
    var label: UnsafeMutablePointer<CChar>?
    var header: UnsafeMutablePointer<CChar>?
    var content: UnsafeMutablePointer<UInt8>?
    var count = 0
    guard PEM_read_bio(source, &label, &header, &content, &count) == 1 else { return nil }
    defer {
      CRYPTO_free(label, #file, #line)
      CRYPTO_free(header, #file, #line)
      CRYPTO_free(content, #file, #line)
    }
    guard let label, let content else { return nil }
    return (String(cString: label), Array(UnsafeBufferPointer(start: content, count: count)))
  }

  private static func key(_ label: String, _ content: [UInt8]) throws(KeyFault) -> PublicKey {
    switch label {
    case "PUBLIC KEY": return try PublicKey(encoded: content)
    case "RSA PUBLIC KEY":
      // RFC 8017 appendix A.1.1, made a SubjectPublicKeyInfo.
      return try PublicKey(encoded: SubjectPublicKeyInfo.rsa(content))
    case "CERTIFICATE": return try certified(content)
    case _ where label.hasSuffix("PRIVATE KEY"):
      throw KeyFault("it is a private key; only the public half belongs here")
    default: throw KeyFault("it is a '\(label)', no public key")
    }
  }

  private static func certified(_ content: [UInt8]) throws(KeyFault) -> PublicKey {
    let key = content.withUnsafeBufferPointer { bytes -> OpaquePointer? in
      var start = bytes.baseAddress
      guard let certificate = d2i_X509(nil, &start, bytes.count) else { return nil }
      defer { X509_free(certificate) }
      return X509_get_pubkey(certificate)
    }
    guard let key else { throw KeyFault.unreadable() }
    return try PublicKey(owning: key)
  }
}

import COpenSSL

/// What libcrypto reads a PEM text from.
enum PEMSource {
  /// A source that holds a copy of the text: one that points into an array is good for a single call, and no longer. To be
  /// freed by its user.
  ///
  /// - Throws: ``KeyFault`` where there is no memory left.
  static func make(of text: [UInt8]) throws(KeyFault) -> OpaquePointer {
    guard let source = BIO_new(BIO_s_mem()) else { throw KeyFault("libcrypto has no memory left") }
    let count = Int32(clamping: text.count)
    guard count == 0 || BIO_write(source, text, count) == count else {
      BIO_free(source)
      throw KeyFault("libcrypto has no memory left")
    }
    return source
  }
}

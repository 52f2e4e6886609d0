import COpenSSL

extension JWSAlgorithm.Hash {
  /// The hash as libcrypto knows it.
  var digest: OpaquePointer? {
    switch self {
    case .sha256: EVP_sha256()
    case .sha384: EVP_sha384()
    case .sha512: EVP_sha512()
    }
  }
}

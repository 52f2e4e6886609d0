import COpenSSL
import Pipeline

@testable import Stages

/// An Ed25519 key pair made for one test, and what an issuer does with it.
final class KeyPair {
  private let key: OpaquePointer
  /// The public half, 32 bytes.
  let publicBytes: [UInt8]

  init() {
    let seed = (0..<32).map { _ in UInt8.random(in: 0...255) }
    guard let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count) else {
      fatalError("libcrypto makes no key")
    }
    self.key = key
    var bytes = [UInt8](repeating: 0, count: 32)
    var count = bytes.count
    EVP_PKEY_get_raw_public_key(key, &bytes, &count)
    publicBytes = bytes
  }

  deinit { EVP_PKEY_free(key) }

  /// The public half in JSON, with a name and other members where they are given.
  func jwk(id: String? = nil, more: String = "") -> String {
    let name = id.map { #""kid":"\#($0)","# } ?? ""
    return #"{\#(name)\#(more)"kty":"OKP","crv":"Ed25519","x":"\#(Base64URL.encode(publicBytes))"}"#
  }

  /// The public half in PEM.
  var pem: String { Self.text { PEM_write_bio_PUBKEY($0, key) } }

  /// Both halves in PEM.
  var privatePEM: String { Self.text { PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) } }

  private static func text(_ write: (OpaquePointer) -> Int32) -> String {
    guard let memory = BIO_new(BIO_s_mem()) else { fatalError("libcrypto has no memory") }
    defer { BIO_free(memory) }
    _ = write(memory)
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = BIO_read(memory, &bytes, 4096)
    return String(decoding: bytes.prefix(Int(count)), as: UTF8.self)
  }

  /// A token that the pair has signed.
  func token(id: String? = nil, payload: String = ForgedToken.payload) -> String {
    let name = id.map { #","kid":"\#($0)""# } ?? ""
    let signed = Base64URL.encode(#"{"alg":"EdDSA"\#(name)}"#.utf8) + "." + Base64URL.encode(payload.utf8)
    let context = EVP_MD_CTX_new()
    defer { EVP_MD_CTX_free(context) }
    EVP_DigestSignInit(context, nil, nil, nil, key)
    var signature = [UInt8](repeating: 0, count: 64)
    var count = signature.count
    EVP_DigestSign(context, &signature, &count, Array(signed.utf8), signed.utf8.count)
    return signed + "." + Base64URL.encode(signature)
  }
}

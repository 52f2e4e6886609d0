import COpenSSL
import Pipeline
import Testing

@testable import Stages

/// A service account made for tests, with a key of its own.
enum TestAccount {
  /// An RSA key of 2048 bits, in PEM, and its public half.
  static let (privatePEM, publicKey): (String, PublicKey) = {
    guard let key = EVP_PKEY_Q_keygen_rsa(2048), let memory = BIO_new(BIO_s_mem()) else {
      fatalError("libcrypto makes no key")
    }
    defer { BIO_free(memory) }
    PEM_write_bio_PrivateKey(memory, key, nil, nil, 0, nil, nil)
    var bytes = [UInt8](repeating: 0, count: 8192)
    let count = BIO_read(memory, &bytes, 8192)
    guard let half = try? PublicKey(owning: key) else { fatalError("the key has no public half") }
    return (String(decoding: bytes.prefix(Int(count)), as: UTF8.self), half)
  }()

  private static func EVP_PKEY_Q_keygen_rsa(_ bits: Int32) -> OpaquePointer? {
    guard let context = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, nil) else { return nil }
    defer { EVP_PKEY_CTX_free(context) }
    var key: OpaquePointer?
    guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_CTX_set_rsa_keygen_bits(context, bits) == 1,
      EVP_PKEY_keygen(context, &key) == 1
    else { return nil }
    return key
  }

  static var members: [String: JSONValue] {
    [
      "type": .string("service_account"), "project_id": .string("proj"), "private_key_id": .string("k1"),
      "private_key": .string(privatePEM), "client_email": .string("push@proj.example"),
      "token_uri": .string("https://oauth.example/token"),
    ]
  }

  static func json(_ changes: [String: JSONValue?] = [:]) -> [UInt8] {
    var members = members
    for (name, value) in changes { members[name] = value }
    return Array(JSONValue.object(members).text.utf8)
  }

  static func account() throws -> ServiceAccount { try ServiceAccount(json(), of: "fcm.json") }
}

@Suite("Credentials of a service account")
struct ServiceAccountTests {
  @Test("An assertion says who asks whom for what and until when, and is signed with the key")
  func assertion() throws {
    let account = try TestAccount.account()
    let now = Timestamp(milliseconds: 1_800_000_000_500)
    let parts = try account.assertion(at: now).split(separator: ".").map(String.init)
    #expect(parts.count == 3)
    func json(_ part: String) throws -> JSONValue {
      try JSONValue(parsing: try #require(Base64URL.decode(Array(part.utf8)[...])))
    }
    #expect(
      try json(parts[0]) == .object(["alg": .string("RS256"), "typ": .string("JWT"), "kid": .string("k1")]))
    #expect(
      try json(parts[1])
        == .object([
          "iss": .string("push@proj.example"), "aud": .string("https://oauth.example/token"),
          "scope": .string("https://www.googleapis.com/auth/firebase.messaging"),
          "iat": .number("1800000000"),
          "exp": .number("1800003600"),
        ]))
    let signature = try #require(Base64URL.decode(Array(parts[2].utf8)[...]))
    let signed = Array("\(parts[0]).\(parts[1])".utf8)
    #expect(TestAccount.publicKey.verifies(signature, of: signed[...], by: .rs256))
    #expect(!TestAccount.publicKey.verifies(signature, of: signed.dropLast(), by: .rs256))
  }

  @Test(
    "A file that lacks something, or holds something else, is refused, and nothing of it is shown",
    arguments: [
      ["type": .string("authorized_user")], ["type": nil], ["project_id": nil],
      ["project_id": .string("a/../b")],
      ["client_email": .string("")], ["private_key": nil], ["private_key": .string("the secret")],
      ["token_uri": .string("http://oauth.example/token")], ["token_uri": .number("1")],
    ] as [[String: JSONValue?]])
  func wrong(changes: [String: JSONValue?]) {
    let error = #expect(throws: KeyFileError.self) {
      try ServiceAccount(TestAccount.json(changes), of: "fcm.json")
    }
    #expect(error?.description.contains("the secret") == false)
  }

  @Test("A key that is not RSA is refused")
  func otherKey() {
    let changes: [String: JSONValue?] = ["private_key": .string(KeyPair().privatePEM)]
    #expect(throws: KeyFileError.self) { try ServiceAccount(TestAccount.json(changes), of: "fcm.json") }
  }

  @Test("Without a token_uri it is Google's")
  func usual() throws {
    let without: [String: JSONValue?] = ["token_uri": nil]
    let account = try ServiceAccount(TestAccount.json(without), of: "fcm.json")
    #expect(account.tokenURI == "https://oauth2.googleapis.com/token")
  }
}

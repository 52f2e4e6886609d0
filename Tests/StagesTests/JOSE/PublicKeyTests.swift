import Foundation
import Pipeline
import Testing

@testable import Stages

@Suite("Public keys verify what the standards' and Wycheproof's vectors say")
struct PublicKeyTests {
  private static func vectors(_ name: String) throws -> [UInt8] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Vectors")
    return Array(try Data(contentsOf: folder.appending(path: name)))
  }

  @Test("The tokens of RFC 7515, 7520 and 8037 are signed by their keys, and by no other")
  func standards() throws {
    let examples = try #require(try JSONValue(parsing: Self.vectors("rfc.json")).array)
    #expect(examples.count == 7)
    let keys = try examples.map { try JSONWebKey(try #require($0["key"])) }
    for (index, example) in examples.enumerated() {
      let source = Comment(rawValue: example["source"]?.string ?? "")
      let jws = try CompactJWS(try #require(example["token"]?.string), algorithms: Set(JWSAlgorithm.allCases))
      #expect(jws.isSigned(by: keys[index].key), source)
      for other in keys where other.key.encoded != keys[index].key.encoded {
        #expect(!jws.isSigned(by: other.key), source)
      }
    }
  }

  @Test("Each test of Wycheproof comes out as it says")
  func wycheproof() throws {
    var key: (algorithm: JWSAlgorithm, file: Substring, key: PublicKey)?
    var counts: [JWSAlgorithm: Int] = [:]
    for line in String(decoding: try Self.vectors("wycheproof.txt"), as: UTF8.self).split(separator: "\n") {
      let words = line.split(separator: " ")
      switch words.first {
      case "#": continue
      case "key":
        let algorithm = try #require(JWSAlgorithm(rawValue: String(words[1])))
        key = (algorithm, words[2], try PublicKey(encoded: Self.bytes(words[3])))
      default:
        let key = try #require(key)
        let verifies = try key.key.verifies(
          Self.bytes(words[3]), of: Self.bytes(words[2])[...], by: key.algorithm)
        if words[1] != "acceptable" { #expect(verifies == (words[1] == "valid"), "\(key.file) \(words[0])") }
        counts[key.algorithm, default: 0] += 1
      }
    }
    #expect(Set(counts.keys) == Set(JWSAlgorithm.allCases).subtracting(JWSAlgorithm.shared))
    #expect(counts.values.reduce(0, +) == 1925)
  }

  private static func bytes(_ text: Substring) throws -> [UInt8] {
    text == "-" ? [] : try #require(Base64URL.decode(Array(text.utf8)[...]))
  }

  @Test("A key is used only as what it is")
  func bound() throws {
    let pair = KeyPair()
    let key = try #require(try PublicKeyPEM.keys(in: Array(pair.pem.utf8)).first)
    #expect(key.algorithms == [.edDSA])
    let jws = try CompactJWS(pair.token(), algorithms: [.edDSA])
    #expect(key.verifies(jws.signature, of: jws.signed, by: .edDSA))
    for algorithm in JWSAlgorithm.allCases where algorithm != .edDSA {
      #expect(!key.verifies(jws.signature, of: jws.signed, by: algorithm))
    }
    // The public key, taken for the secret of an HMAC by who trusts a token's header (CVE-2015-9235).
    let confused = ForgedToken.signed(secret: Array(pair.pem.utf8))
    let verifier = TokenVerifier(
      source: FixedKeys(KeySet([key])), algorithms: Set(JWSAlgorithm.allCases), policy: ClaimsPolicy())
    #expect(ForgedToken.fault(confused, by: verifier) == .signature)
  }

  @Test("A text in PEM may hold several keys, and each is used")
  func severalKeys() throws {
    let pairs = [KeyPair(), KeyPair()]
    let keys = try PublicKeyPEM.keys(in: Array(("new\n" + pairs[0].pem + "\nold\n" + pairs[1].pem).utf8))
    #expect(keys.map(\.encoded) == pairs.map { SubjectPublicKeyInfo.edwards(.ed25519, $0.publicBytes) })
  }

  @Test(
    "A key that is weak, exotic or malformed is refused with what is wrong with it",
    arguments: [
      (#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#, "2048"),
      (#"{"kty":"RSA","n":"\#(modulus)","e":"AQABAQABAQABAQAB"}"#, "'e'"),
      (#"{"kty":"RSA","n":"\#(modulus)"}"#, "'e'"),
      (#"{"kty":"RSA","n":"\#(modulus)=","e":"AQAB"}"#, "'n'"),
      (#"{"kty":"RSA","n":"\#(modulus)","e":"AQAB","use":"enc"}"#, "'use'"),
      (#"{"kty":"RSA","n":"\#(modulus)","e":"AQAB","key_ops":["encrypt"]}"#, "'key_ops'"),
      (#"{"kty":"RSA","n":"\#(modulus)","e":"AQAB","alg":"ES256"}"#, "'alg'"),
      (#"{"kty":"RSA","n":"\#(modulus)","e":"AQAB","alg":"none"}"#, "'alg'"),
      (#"{"kty":"RSA","n":"\#(modulus)","e":"AQAB","kid":7}"#, "'kid'"),
      (#"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}"#, "'crv'"),
      (#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#, "'x'"),
      (#"{"kty":"EC","crv":"P-256","x":"\#(zeros)","y":"\#(zeros)"}"#, "libcrypto"),
      (#"{"kty":"OKP","crv":"X25519","x":"\#(zeros)"}"#, "'crv'"),
      (#"{"kty":"oct","k":"\#(zeros)"}"#, "'kty'"), (#"{"x":"AA"}"#, "'kty'"), ("[]", "'kty'"),
    ])
  func refused(json: String, hint: String) throws {
    let value = try JSONValue(parsing: Array(json.utf8))
    let fault = #expect(throws: KeyFault.self) { try JSONWebKey(value) }
    #expect(fault?.description.contains(hint) == true, "\(fault?.description ?? "")")
  }

  private static let modulus = Base64URL.encode([0x80] + [UInt8](repeating: 1, count: 255))
  private static let zeros = Base64URL.encode([UInt8](repeating: 0, count: 32))
}

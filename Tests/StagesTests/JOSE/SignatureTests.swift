import Pipeline
import Testing

@testable import Stages

@Suite struct SignatureTests {
  @Test("The example of RFC 7515 appendix A.1 is signed by its key")
  func appendixA1() throws {
    let key =
      "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
    let token =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
      + ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
      + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    let secret = try #require(Base64URL.decode(Array(key.utf8)[...]))
    let jws = try CompactJWS(token, algorithms: [.hs256])
    #expect(jws.isSigned(by: HMACKey(secret: secret)))
    #expect(!jws.isSigned(by: HMACKey(secret: Array(secret.dropLast()))))
    #expect(
      jws.payload
        == Array("{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}".utf8))
  }

  @Test(
    "Tokens that another implementation signed are accepted",
    arguments: [
      (
        JWSAlgorithm.hs256, "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
        "vdER6WXbpUrYq1vXylYcZFh69r9tceqV9hZ68kPXaQE"
      ),
      (
        .hs384, "eyJhbGciOiJIUzM4NCIsInR5cCI6IkpXVCJ9",
        "qijOrvWpyw4ADDpv4PhLWumvFxhS2QL4TlPRM6eXi1AcdBAVWylX088k8Fz8o58D"
      ),
      (
        .hs512, "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9",
        "Wfj-nGzwOJmwbPQIefckKhq6PFH16lGBVaM-j6oXahBoCb3Kx8Mu2zP8F0y09Gm1Vshb_FcNW05-hXc-1pZ5wQ"
      ),
    ])
  func foreignTokens(algorithm: JWSAlgorithm, header: String, signature: String) throws {
    let payload =
      "eyJzdWIiOiJhZGEiLCJuYW1lIjoiQWRhIExvdmVsYWNlIiwic2NvcGUiOiJjaGF0IHNsdWljZTpzZXJ2ZXIi"
      + "LCJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMzYwMH0"
    let verifier = ForgedToken.verifier(algorithms: [algorithm])
    let identity = try verifier.verify(
      token: "\(header).\(payload).\(signature)", now: ForgedToken.now)
    #expect(identity.userID == "ada")
    #expect(identity.name == "Ada Lovelace")
    #expect(identity.scopes == ["chat", "sluice:server"])
    #expect(identity.expiresAt?.milliseconds == 1_700_003_600_000)
  }

  @Test(
    "A signature with any one bit changed, cut or lengthened is refused", arguments: JWSAlgorithm.shared)
  func changedSignature(algorithm: JWSAlgorithm) throws {
    let key = HMACKey(secret: ForgedToken.secret)
    let message = Array("a message".utf8)[...]
    let signature = try #require(key.sign(message, by: algorithm))
    #expect(key.verifies(signature, of: message, by: algorithm))
    for bit in 0..<signature.count * 8 {
      var changed = signature
      changed[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(!key.verifies(changed, of: message, by: algorithm))
    }
    #expect(!key.verifies([], of: message, by: algorithm))
    #expect(!key.verifies(Array(signature.dropLast()), of: message, by: algorithm))
    #expect(!key.verifies(signature + [0], of: message, by: algorithm))
  }

  @Test("A key is asked only about algorithms that it is for")
  func boundKeys() throws {
    struct Gullible: VerificationKey {
      let algorithms: Set<JWSAlgorithm>
      let encoded: [UInt8] = []
      func verifies(_ signature: [UInt8], of message: ArraySlice<UInt8>, by algorithm: JWSAlgorithm) -> Bool {
        true
      }
    }
    let jws = try CompactJWS(ForgedToken.signed(), algorithms: [.hs256, .hs512])
    #expect(jws.isSigned(by: Gullible(algorithms: [.hs256])))
    #expect(!jws.isSigned(by: Gullible(algorithms: [.hs512])))
  }

  @Test("A minted token is accepted and says what it was given", arguments: JWSAlgorithm.shared)
  func minted(algorithm: JWSAlgorithm) throws {
    let token = try JWT.mint(
      JWT.Claims(
        subject: "ada\"\\é", name: "Ada", issuer: "me", audience: "you", scopes: ["a", "b"],
        issuedAt: ForgedToken.now, expiresAt: ForgedToken.now + .seconds(60)),
      algorithm: algorithm, secret: ForgedToken.secret)
    let verifier = ForgedToken.verifier(
      algorithms: [algorithm], policy: ClaimsPolicy(issuer: "me", audience: "you"))
    let identity = try verifier.verify(token: token, now: ForgedToken.now)
    #expect(identity.userID == "ada\"\\é")
    #expect(identity.name == "Ada")
    #expect(identity.scopes == ["a", "b"])
    #expect(identity.expiresAt == ForgedToken.now + .seconds(60))
  }
}

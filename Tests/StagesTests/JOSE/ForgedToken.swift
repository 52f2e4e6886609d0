import Pipeline

@testable import Stages

/// Tokens made from any header and payload, also such as no honest issuer would sign.
enum ForgedToken {
  /// A secret of the least length.
  static let secret = Array("0123456789abcdef0123456789abcdef".utf8)
  /// The moment at which the tests' tokens are looked at: 2023-11-14T22:13:20Z.
  static let now = Timestamp(milliseconds: 1_700_000_000_000)
  /// A payload that is good at ``now``.
  static let payload = #"{"sub":"ada","exp":1700003600}"#

  /// A token with a right signature by `algorithm`, whatever its header says.
  static func signed(
    header: String = #"{"alg":"HS256"}"#, payload: String = payload, secret: [UInt8] = secret,
    algorithm: JWSAlgorithm = .hs256
  ) -> String {
    let signed = Base64URL.encode(header.utf8) + "." + Base64URL.encode(payload.utf8)
    let signature = HMACKey(secret: secret).sign(Array(signed.utf8)[...], by: algorithm)
    return signed + "." + Base64URL.encode(signature ?? [])
  }

  /// A verifier with the one key ``secret``.
  static func verifier(
    keys: [[UInt8]] = [secret], algorithms: Set<JWSAlgorithm> = Set(JWSAlgorithm.allCases),
    policy: ClaimsPolicy = ClaimsPolicy(), remembering capacity: Int = 10
  ) -> TokenVerifier {
    TokenVerifier(
      source: FixedKeys(KeySet(keys.map(HMACKey.init(secret:)))), algorithms: algorithms,
      policy: policy,
      remembering: capacity)
  }

  /// Why a token is not accepted; `nil` where it is.
  static func fault(
    _ token: String, by verifier: TokenVerifier = verifier(), at now: Timestamp = now
  ) -> TokenFault? {
    do throws(TokenFault) {
      _ = try verifier.verify(token: token, now: now)
      return nil
    } catch { return error }
  }
}

extension TokenVerifier {
  /// Verifies a token that is settled at once, as all with an HMAC are.
  func verify(token: String, now: Timestamp) throws(TokenFault) -> Identity {
    guard case .settled(let result) = attempt(token, now: now) else {
      throw .malformed("it is not settled at once")
    }
    return try result.get()
  }
}

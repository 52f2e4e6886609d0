import Pipeline

@testable import Stages

private let secret = [UInt8](repeating: 7, count: 32)
private let now = Timestamp(milliseconds: 1_700_000_000_000)
private let verifier = TokenVerifier(
  source: FixedKeys(KeySet([HMACKey(secret: secret)])), algorithms: Set(JWSAlgorithm.allCases),
  policy: ClaimsPolicy(), remembering: 4)

/// Tokens, key sets and key files: nothing forged is accepted, nothing ends the process.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  guard count > 0 else { return 0 }
  let bytes = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
  switch start[0] % 4 {
  case 0:
    let token = String(decoding: bytes, as: UTF8.self)
    if case .settled(.success) = verifier.attempt(token, now: now) {
      fatalError("a forged token was accepted")
    }
  case 1:
    // The same as a payload that was rightly signed: its claims are read.
    let signed = Base64URL.encode(#"{"alg":"HS256"}"#.utf8) + "." + Base64URL.encode(bytes)
    guard let signature = HMACKey(secret: secret).sign(Array(signed.utf8)[...], by: .hs256) else { return 0 }
    if case .settled(.success(let identity)) = verifier.attempt(
      signed + "." + Base64URL.encode(signature), now: now)
    {
      guard (1...256).contains(identity.userID.utf8.count), identity.isValid(at: now) else {
        fatalError("a bad identity")
      }
    }
  case 2:
    if let set = try? KeySet(parsing: bytes) {
      guard (1...KeySet.mostKeys).contains(set.members.count) else { fatalError("too many keys") }
    }
  default:
    _ = try? PublicKeyPEM.keys(in: bytes)
    if let decoded = Base64URL.decode(bytes[...]),
      Base64URL.encode(decoded) != String(decoding: bytes, as: UTF8.self)
    {
      fatalError("two texts for the same bytes")
    }
  }
  return 0
}

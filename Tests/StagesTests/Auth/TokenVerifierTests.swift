import Pipeline
import Testing

@testable import Stages

@Suite struct TokenVerifierTests {
  private let now = ForgedToken.now

  @Test("A token is verified once and then remembered, until it ends")
  func remembers() throws {
    let verifier = ForgedToken.verifier()
    let token = ForgedToken.signed()
    let first = try verifier.verify(token: token, now: now)
    #expect(try verifier.verify(token: token, now: now + .seconds(3599)) === first)
    #expect(verifier.rememberedCount == 1)
    #expect(ForgedToken.fault(token, by: verifier, at: now + .seconds(3600)) == .expired)
  }

  @Test("Failures are not remembered: a token that is too early is good later")
  func forgetsFailures() {
    let verifier = ForgedToken.verifier()
    let early = ForgedToken.signed(payload: #"{"sub":"ada","exp":1700003600,"nbf":1700000100}"#)
    #expect(ForgedToken.fault(early, by: verifier) == .claim("its 'nbf' lies in the future"))
    #expect(ForgedToken.fault(ForgedToken.signed(secret: []), by: verifier) == .signature)
    #expect(verifier.rememberedCount == 0)
    #expect(ForgedToken.fault(early, by: verifier, at: now + .seconds(70)) == nil)
    #expect(verifier.rememberedCount == 1)
  }

  @Test("Forged tokens push no genuine one out")
  func noFlood() throws {
    let verifier = ForgedToken.verifier(remembering: 2)
    let token = ForgedToken.signed()
    let first = try verifier.verify(token: token, now: now)
    let other = [UInt8](repeating: 1, count: 32)
    for number in 0..<100 {
      let forged = ForgedToken.signed(payload: #"{"sub":"\#(number)","exp":1700003600}"#, secret: other)
      #expect(ForgedToken.fault(forged, by: verifier) == .signature)
    }
    #expect(try verifier.verify(token: token, now: now) === first)
  }

  @Test("Every key in force is good, whichever comes first")
  func severalKeys() {
    let old = [UInt8](repeating: 1, count: 32)
    let verifier = ForgedToken.verifier(keys: [ForgedToken.secret, old])
    #expect(ForgedToken.fault(ForgedToken.signed(), by: verifier) == nil)
    #expect(ForgedToken.fault(ForgedToken.signed(secret: old), by: verifier) == nil)
    #expect(ForgedToken.fault(ForgedToken.signed(secret: old), by: ForgedToken.verifier()) == .signature)
  }

  @Test("Many threads may verify at once")
  func concurrently() async throws {
    let verifier = ForgedToken.verifier(remembering: 5)
    let tokens = (0..<20).map { ForgedToken.signed(payload: #"{"sub":"\#($0)","exp":1700003600}"#) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          for round in 0..<200 {
            let identity = try verifier.verify(token: tokens[round % 20], now: ForgedToken.now)
            #expect(identity.userID == "\(round % 20)")
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(verifier.rememberedCount == 5)
  }
}

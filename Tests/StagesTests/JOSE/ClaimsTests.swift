import Pipeline
import Testing

@testable import Stages

@Suite struct ClaimsTests {
  @Test(
    "A payload that is no sound object, or has no usable 'sub', is refused",
    arguments: [
      "", "null", "[]", "5", "{", #"{"exp":1700003600}"#, #"{"sub":"","exp":1700003600}"#,
      #"{"sub":5,"exp":1700003600}"#, #"{"sub":null,"exp":1700003600}"#, #"{"sub":["ada"],"exp":1700003600}"#,
      #"{"sub":"a\u0000b","exp":1700003600}"#, #"{"sub":"\ud800","exp":1700003600}"#,
      #"{"sub":"ada","sub":"bob","exp":1700003600}"#, #"{"sub":"ada","\u0073ub":"bob","exp":1700003600}"#,
      #"{"sub":"ada","exp":1700003600}{}"#, #"{"sub":"ada","exp":1700003600,"x":[1,1,{"a":1,"a":2}]}"#,
      "{\"sub\":\"a\nb\",\"exp\":1700003600}",
    ])
  func unsound(payload: String) {
    guard case .malformed = ForgedToken.fault(ForgedToken.signed(payload: payload)) else {
      Issue.record("\(payload) was not refused as malformed")
      return
    }
  }

  @Test(
    "'sub' has at most 256 characters, counted in Unicode scalars",
    arguments: [
      (256, "a", true), (257, "a", false), (256, "é", true), (257, "é", false),
    ])
  func subjectSize(count: Int, letter: String, isAccepted: Bool) {
    let subject = String(repeating: letter, count: count)
    let token = ForgedToken.signed(payload: #"{"sub":"\#(subject)","exp":1700003600}"#)
    #expect((ForgedToken.fault(token) == nil) == isAccepted)
  }

  @Test("A payload that is not UTF-8 is refused")
  func notUTF8() {
    let payload = Array(#"{"sub":""#.utf8) + [0xc0, 0x80] + Array(#"","exp":1700003600}"#.utf8)
    #expect(throws: TokenFault.malformed("its payload is no JSON object")) {
      try ReceivedClaims(parsing: payload)
    }
  }

  @Test(
    "A moment that is no number of seconds of our time is refused",
    arguments: [
      #""1700003600""#, "null", "true", "[]", "{}", "-1", "1e300", "1e999", "-1e999", "NaN", "Infinity",
      "1700003600000",
      "01700003600", "+1700003600", "0x65", "1700003600.", ".5", "1e", "253402300800",
    ], ["exp", "nbf", "iat"])
  func badMoments(number: String, claim: String) {
    let others = claim == "exp" ? "" : #""exp":1700003600,"#
    let token = ForgedToken.signed(payload: #"{"sub":"ada",\#(others)"\#(claim):\#(number)}"#)
    guard case .malformed = ForgedToken.fault(token) else {
      Issue.record("\(claim) \(number) was not refused as malformed")
      return
    }
  }

  @Test(
    "A moment may have a fraction or an exponent, and be far",
    arguments: [
      ("1700003600.5", 1_700_003_600_500), ("1.7000036e9", 1_700_003_600_000),
      ("253402300799", 253_402_300_799_000),
    ])
  func goodMoments(number: String, milliseconds: Int64) throws {
    let token = ForgedToken.signed(payload: #"{"sub":"ada","exp":\#(number)}"#)
    let identity = try ForgedToken.verifier().verify(token: token, now: ForgedToken.now)
    #expect(identity.expiresAt?.milliseconds == milliseconds)
  }

  @Test("A token ends at its 'exp' to the millisecond, without leeway")
  func expiry() {
    let token = ForgedToken.signed(payload: #"{"sub":"ada","exp":1700003600.5}"#)
    func fault(_ milliseconds: Int64) -> TokenFault? {
      ForgedToken.fault(token, at: Timestamp(milliseconds: milliseconds))
    }
    #expect(fault(1_700_003_600_499) == nil)
    #expect(fault(1_700_003_600_500) == .expired)
    #expect(fault(1_800_000_000_000) == .expired)
    #expect(TokenFault.expired.rejection.code == .tokenExpired)
    let ancient = ForgedToken.signed(payload: #"{"sub":"ada","exp":0}"#)
    #expect(ForgedToken.fault(ancient) == .expired)
  }

  @Test("Who forged an expired token learns only that it is forged")
  func expiredAndForged() {
    let token = ForgedToken.signed(
      payload: #"{"sub":"ada","exp":0}"#, secret: [UInt8](repeating: 1, count: 32))
    #expect(ForgedToken.fault(token) == .signature)
  }

  @Test("A token without 'exp' is refused unless that is allowed")
  func withoutExpiry() throws {
    let token = ForgedToken.signed(payload: #"{"sub":"ada"}"#)
    #expect(ForgedToken.fault(token) == .claim("it has no 'exp'"))
    let verifier = ForgedToken.verifier(policy: ClaimsPolicy(requiresExpiry: false))
    #expect(try verifier.verify(token: token, now: ForgedToken.now).expiresAt == nil)
    #expect(ForgedToken.fault(ForgedToken.signed(payload: #"{"sub":"a","exp":5}"#), by: verifier) == .expired)
  }

  @Test("'nbf' and 'iat' may be ahead by the leeway and no more", arguments: ["nbf", "iat"], [0, 30, 600])
  func leeway(claim: String, seconds: Int) {
    let verifier = ForgedToken.verifier(policy: ClaimsPolicy(leeway: .seconds(seconds)))
    func fault(ahead: Int) -> TokenFault? {
      let payload = #"{"sub":"ada","exp":1700003600,"\#(claim)":\#(1_700_000_000 + ahead)}"#
      return ForgedToken.fault(ForgedToken.signed(payload: payload), by: verifier)
    }
    #expect(fault(ahead: -100_000) == nil)
    #expect(fault(ahead: seconds) == nil)
    #expect(fault(ahead: seconds + 1) == .claim("its '\(claim)' lies in the future"))
  }

  @Test(
    "'iss' and 'aud' count where they are configured",
    arguments: [
      (#""iss":"us","aud":"chat""#, true), (#""iss":"us","aud":["x","chat"]"#, true), (#""iss":"us""#, false),
      (#""iss":"us","aud":[]"#, false), (#""iss":"us","aud":"chats""#, false),
      (#""iss":"US","aud":"chat""#, false),
      (#""aud":"chat""#, false), (#""iss":["us"],"aud":"chat""#, false),
      (#""iss":"us","aud":["chat",5]"#, false),
      (#""iss":"us","aud":null"#, false),
    ])
  func issuerAndAudience(claims: String, isAccepted: Bool) {
    let token = ForgedToken.signed(payload: #"{"sub":"ada","exp":1700003600,\#(claims)}"#)
    let verifier = ForgedToken.verifier(policy: ClaimsPolicy(issuer: "us", audience: "chat"))
    #expect((ForgedToken.fault(token, by: verifier) == nil) == isAccepted)
  }

  @Test(
    "Scopes are the words of 'scope', or what 'scopes' or 'scp' list",
    arguments: [
      (#""scope":"a  b ""#, ["a", "b"]), (#""scopes":["a","b"]"#, ["a", "b"]), (#""scp":["a"]"#, ["a"]),
      (#""scp":"a b""#, ["a", "b"]), (#""scope":"a","scopes":["b"]"#, ["a"]), (#""scope":5"#, []),
      (#""scopes":{"a":1}"#, []), (#""x":1"#, []),
    ])
  func scopes(claims: String, expected: [String]) throws {
    let token = ForgedToken.signed(payload: #"{"sub":"ada","exp":1700003600,\#(claims)}"#)
    #expect(try ForgedToken.verifier().verify(token: token, now: ForgedToken.now).scopes == expected)
  }

  @Test(
    "A name is cut to 256 bytes at a character, and is none where it is no text",
    arguments: [
      (#""Ada""#, "Ada"), (#""""#, nil), ("5", nil), ("null", nil),
      ("\"" + String(repeating: "é", count: 200) + "\"", String(repeating: "é", count: 128)),
      ("\"" + String(repeating: "👩‍🚀", count: 30) + "\"", String(repeating: "👩‍🚀", count: 23)),
    ])
  func names(json: String, expected: String?) throws {
    let token = ForgedToken.signed(payload: #"{"sub":"ada","exp":1700003600,"name":\#(json)}"#)
    #expect(try ForgedToken.verifier().verify(token: token, now: ForgedToken.now).name == expected)
  }
}

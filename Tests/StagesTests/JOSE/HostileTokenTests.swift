import Pipeline
import Testing

@testable import Stages

@Suite struct HostileTokenTests {
  @Test(
    "Any 'alg' but the accepted ones is refused, however it is signed",
    arguments: [
      "none", "None", "NONE", "nOnE", "", "HS1", "hs256", "RS256", "ES256", "EdDSA", "HS256 ", "HS256\\u0020",
      "HS512",
    ])
  func algorithms(name: String) {
    let header = #"{"alg":"\#(name)"}"#
    let verifier = ForgedToken.verifier(algorithms: [.hs256])
    #expect(ForgedToken.fault(ForgedToken.signed(header: header), by: verifier) == .algorithm)
    let unsigned =
      ForgedToken.signed(header: header).split(separator: ".").prefix(2).joined(separator: ".") + "."
    #expect(ForgedToken.fault(unsigned, by: verifier) == .algorithm)
  }

  @Test("A header that names one hash and a signature by another do not go together")
  func confusedHash() {
    let token = ForgedToken.signed(header: #"{"alg":"HS512"}"#, algorithm: .hs256)
    #expect(ForgedToken.fault(token) == .signature)
  }

  @Test(
    "A header that is no object with a plain 'alg' is refused",
    arguments: [
      "", "null", "[]", "\"HS256\"", "{", "{}", #"{"alg":null}"#, #"{"alg":["HS256"]}"#,
      #"{"alg":{"HS256":1}}"#,
      #"{"alg":"HS256","alg":"HS256"}"#, #"{"alg":"HS256","crit":[]}"#,
      #"{"alg":"HS256","crit":["exp"],"exp":1}"#,
      #"{"alg":"HS256","crit":null}"#, #"{"alg":"HS256"} x"#, #"{'alg':'HS256'}"#, #"{"alg":"HS256",}"#,
      "\u{feff}" + #"{"alg":"HS256"}"#,
    ])
  func headers(header: String) {
    guard case .malformed = ForgedToken.fault(ForgedToken.signed(header: header)) else {
      Issue.record("\(header) was not refused as malformed")
      return
    }
  }

  @Test(
    "A header may say more that need not be understood",
    arguments: [
      #"{"typ":"JWT","alg":"HS256"}"#, #"{"alg":"HS256","typ":"at+jwt","kid":"1"}"#,
      #"{ "typ" : 5, "alg" : "HS256" }"#,
      #"{"\u0061lg":"HS256"}"#,
    ])
  func richHeaders(header: String) {
    #expect(ForgedToken.fault(ForgedToken.signed(header: header)) == nil)
  }

  @Test(
    "What is not three parts of base64url is refused",
    arguments: [
      "", ".", "..", "...", "a.b", "x", "....",
    ])
  func shapes(token: String) {
    guard case .malformed = ForgedToken.fault(token) else {
      Issue.record("\(token) was not refused as malformed")
      return
    }
  }

  @Test("A good token is refused once anything is put before, behind or into it")
  func tampered() {
    let good = ForgedToken.signed()
    #expect(ForgedToken.fault(good) == nil)
    let parts = good.split(separator: ".").map(String.init)
    let tampered = [
      " " + good, good + " ", good + "\n", good + ".", good + "=", good + ".x", "." + good, "Bearer " + good,
      parts[0] + "=." + parts[1] + "." + parts[2], parts[0] + "." + parts[1] + "=." + parts[2],
      parts[0] + "." + parts[1], parts[0] + "." + parts[1] + ".", "." + parts[1] + "." + parts[2],
      parts[0] + ".." + parts[2], good + "\u{0}", good.replacing(".", with: ". "),
      good.replacing(".", with: "。"),
    ]
    for token in tampered { #expect(ForgedToken.fault(token) != nil, "\(token)") }
    for count in 0..<good.count { #expect(ForgedToken.fault(String(good.prefix(count))) != nil) }
  }

  @Test("No single letter of a token can be another")
  func changedLetters() {
    let good = Array(ForgedToken.signed().utf8)
    let verifier = ForgedToken.verifier()
    for position in good.indices {
      for letter in "Aw9-.~".utf8 where letter != good[position] {
        var changed = good
        changed[position] = letter
        #expect(ForgedToken.fault(String(decoding: changed, as: UTF8.self), by: verifier) != nil)
      }
    }
  }

  @Test("A token by a key that is not in force is refused")
  func foreignKey() {
    let other = [UInt8](repeating: 1, count: 32)
    #expect(ForgedToken.fault(ForgedToken.signed(secret: other)) == .signature)
  }

  @Test("A huge token is refused before it is looked at, one of the greatest size is read")
  func huge() {
    #expect(
      ForgedToken.fault(String(repeating: "a", count: 8193)) == .malformed("it is longer than 8192 bytes"))
    let filler = String(repeating: "x", count: 6000)
    #expect(
      ForgedToken.fault(ForgedToken.signed(payload: #"{"sub":"a","exp":1700003600,"x":"\#(filler)"}"#)) == nil
    )
    let tooMuch = String(repeating: "x", count: 6200)
    let token = ForgedToken.signed(payload: #"{"sub":"a","exp":1700003600,"x":"\#(tooMuch)"}"#)
    #expect(ForgedToken.fault(token) != nil)
  }

  @Test("Deep nesting is refused and does no harm", arguments: [("[", "]"), (#"{"a":"#, "}")])
  func nesting(open: String, close: String) {
    func payload(_ depth: Int) -> String {
      let nest = String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
      return #"{"sub":"a","exp":1700003600,"x":\#(nest)}"#
    }
    #expect(ForgedToken.fault(ForgedToken.signed(payload: payload(60))) == nil)
    #expect(ForgedToken.fault(ForgedToken.signed(payload: payload(65))) != nil)
    let unclosed = String(repeating: "[", count: 5900)
    #expect(
      ForgedToken.fault(ForgedToken.signed(payload: unclosed)) == .malformed("its payload is no JSON object"))
  }

  @Test("Random bytes are never a token")
  func noise() {
    var generator = SplitMix(seed: 3)
    let letters = Array("abcXYZ019-_..{}\"é".utf8)
    for _ in 0..<5000 {
      let bytes = (0..<Int.random(in: 0...80, using: &generator)).map { _ in
        letters[Int.random(in: 0..<letters.count, using: &generator)]
      }
      #expect(ForgedToken.fault(String(decoding: bytes, as: UTF8.self)) != nil)
    }
  }

  @Test(
    "What the client is told never holds the token",
    arguments: [
      ForgedToken.signed(header: #"{"alg":"none"}"#), ForgedToken.signed(secret: []),
      "confidential.confidential.confidential",
      ForgedToken.signed(payload: #"{"sub":"confidential"}"#),
      ForgedToken.signed(payload: #"{"sub":5,"confidential":1}"#),
    ])
  func silent(token: String) throws {
    let rejection = try #require(ForgedToken.fault(token)).rejection
    #expect(rejection.code == .unauthenticated)
    #expect(!rejection.message.contains("confidential"))
    for part in token.split(separator: ".") { #expect(!rejection.message.contains(part)) }
  }
}

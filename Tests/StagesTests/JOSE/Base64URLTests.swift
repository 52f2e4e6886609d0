import Testing

@testable import Stages

@Suite struct Base64URLTests {
  @Test(
    "The vectors of RFC 4648 section 10 hold, without padding",
    arguments: [
      ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
      ("foobar", "Zm9vYmFy"),
    ])
  func vectors(plain: String, encoded: String) {
    #expect(Base64URL.encode(plain.utf8) == encoded)
    #expect(Base64URL.decode(Array(encoded.utf8)[...]) == Array(plain.utf8))
  }

  @Test("Whatever is encoded is decoded again")
  func roundTrip() {
    var generator = SplitMix(seed: 7)
    for count in 0..<300 {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      #expect(Base64URL.decode(Array(Base64URL.encode(bytes).utf8)[...]) == bytes)
    }
  }

  @Test("Every text that is decoded is the only one for its bytes")
  func canonical() {
    var generator = SplitMix(seed: 8)
    let letters = Array("ABZaz019-_=+/ .\n".utf8)
    var accepted = 0
    for _ in 0..<5000 {
      let text = (0..<Int.random(in: 1...6, using: &generator)).map { _ in
        letters[Int.random(in: 0..<letters.count, using: &generator)]
      }
      guard let bytes = Base64URL.decode(text[...]) else { continue }
      accepted += 1
      #expect(Array(Base64URL.encode(bytes).utf8) == text)
    }
    #expect(accepted > 50)
  }

  @Test(
    "Padding, other alphabets, white space, odd lengths and stray bits are refused",
    arguments: [
      "Zg==", "Zm8=", "Zm9v\n", " Zm9v", "Zm 9v", "Zm+v", "Zm/v", "Z", "Zm9vY", "Zh", "Zm9", "Zm9v=", "Zmé",
      "Zm\u{0}v",
    ])
  func refused(text: String) {
    #expect(Base64URL.decode(Array(text.utf8)[...]) == nil)
  }
}

import Pipeline
import Services
import Testing

@Suite("A dead letter")
struct DeadLetterTests {
  private func letter(error: String = "", data: [UInt8] = []) -> DeadLetter {
    DeadLetter(
      at: Timestamp(milliseconds: 1), type: "T", userID: "a", data: data, stage: "s", error: error,
      revision: 1,
      node: "n")
  }

  @Test("An error's text is cut at 1,024 bytes, and never within a character")
  func cut() {
    let limit = DeadLetter.errorLimit
    #expect(limit == 1024)
    let exact = String(repeating: "x", count: limit)
    #expect(letter(error: exact).error == exact)
    #expect(letter(error: exact + "y").error == exact)
    for (before, character) in [(1, "é"), (1, "€"), (2, "€"), (1, "😀"), (2, "😀"), (3, "😀")] {
      let beginning = String(repeating: "x", count: limit - before)
      #expect(letter(error: beginning + character + "y").error == beginning)
      let whole = String(repeating: "x", count: limit - character.utf8.count) + character
      #expect(letter(error: whole + "y").error == whole)
    }
    // One character as people see it may be longer than the limit.
    let marks = "e" + String(repeating: "\u{301}", count: 5000)
    #expect(letter(error: marks).error.utf8.count == 1023)
  }

  @Test("NUL in an error's text is replaced, and counts as what replaces it")
  func nul() {
    #expect(letter(error: "a\0b").error == "a\u{FFFD}b")
    let kept = letter(error: String(repeating: "\0", count: 1024)).error
    #expect(kept == String(repeating: "\u{FFFD}", count: 341))
  }

  @Test("A big one takes the room of several changes")
  func weight() {
    #expect(StoreWrite.deadLetter(letter(data: Array(repeating: 0, count: 16_383))).weight == 1)
    #expect(StoreWrite.deadLetter(letter(data: Array(repeating: 0, count: 16 << 20))).weight == 1025)
    #expect([StoreWrite.user(id: "a", name: nil), .dropDeadLetters([1, 2])].weight == 2)
  }
}

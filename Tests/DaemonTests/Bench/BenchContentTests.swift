import Testing

@testable import Daemon

@Suite("The content of a load's messages")
struct BenchContentTests {
  private func read(_ text: String) -> BenchContent? { BenchContent(Array(text.utf8)[...]) }

  @Test("It says when it was due and its number, and is as long as was asked")
  func roundTrip() {
    let content = BenchContent(due: .max, number: 12)
    let filling = String(repeating: "x", count: 60)
    let text = content.text(filledFrom: filling)
    #expect(text == "18446744073709551615 12 " + String(repeating: "x", count: 36))
    #expect(read(text) == content)
    #expect(BenchContent(due: 1, number: 2).text(filledFrom: "x") == "1 2 ")
  }

  @Test(
    "What others have written is none",
    arguments: ["", " ", "1", "1 2", "a 2 x", "1  x", "1 -2 x", "18446744073709551616 1 x", "1 4294967296 x"])
  func others(text: String) {
    #expect(read(text) == nil)
  }
}

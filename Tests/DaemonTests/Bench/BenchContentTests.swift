import Testing

@testable import Daemon

@Suite("The content of a load's messages")
struct BenchContentTests {
  private func read(_ text: String) -> BenchContent? { BenchContent(Array(text.utf8)[...]) }

  @Test("It says when it was due, who sent it and its number, and is as long as was asked")
  func roundTrip() {
    let content = BenchContent(due: .max, sender: 3, number: 12)
    let filling = String(repeating: "x", count: 60)
    let text = content.text(filledFrom: filling)
    #expect(text == "18446744073709551615 3 12 " + String(repeating: "x", count: 34))
    #expect(read(text) == content)
    #expect(BenchContent(due: 1, sender: 2, number: 3).text(filledFrom: "x") == "1 2 3 ")
  }

  @Test(
    "What others have written is none",
    arguments: [
      "", " ", "1", "1 2", "1 2 3", "a 2 3 x", "1  3 x", "1 -2 3 x", "18446744073709551616 1 1 x",
      "1 4294967296 1 x",
      "1 1 4294967296 x",
    ])
  func others(text: String) {
    #expect(read(text) == nil)
  }
}

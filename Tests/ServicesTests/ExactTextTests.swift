import Services
import Testing

@Suite("Texts as keys")
struct ExactTextTests {
  @Test("Texts of other bytes are other keys, though Swift calls them equal")
  func bytes() {
    let (one, other) = ("ren\u{e9}e", "rene\u{301}e")
    #expect(one == other && ExactText(one) != ExactText(other))
    #expect(Set([ExactText(one), ExactText(other), ExactText("ren\u{e9}e")]).count == 2)
    #expect(Dictionary(uniqueKeysWithValues: [(ExactText(one), 1)])[ExactText(other)] == nil)
    #expect(ExactText(one + "x") == ExactText("ren\u{e9}ex"))
  }
}

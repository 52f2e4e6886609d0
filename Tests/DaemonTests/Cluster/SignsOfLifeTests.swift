import Testing

@testable import Daemon

@Suite("Signs of life from other nodes")
struct SignsOfLifeTests {
  @Test("Who was heard before a message gave no sign after it, however late that is told")
  func moments() {
    let signs = SignsOfLife()
    signs.keep(for: 1000)
    signs.note([("a", 20), ("b", 60)], at: 100)
    #expect(signs.heard(among: ["a", "b", "c"], since: 50) == ["b"])
    // What is told later need not have been later.
    signs.note([("b", 10)], at: 110)
    #expect(signs.heard(among: ["a", "b"], since: 10) == ["a", "b"])
  }

  @Test("Signs are kept as long as somebody may ask, and no longer")
  func pruned() {
    let signs = SignsOfLife()
    signs.keep(for: 100)
    signs.note([("a", 100)], at: 100)
    signs.note([("b", 150)], at: 150)
    #expect(signs.heard(among: ["a", "b"], since: 0) == ["a", "b"])
    signs.note([("c", 230)], at: 230)
    #expect(signs.heard(among: ["a", "b", "c"], since: 0) == ["b", "c"])
  }
}

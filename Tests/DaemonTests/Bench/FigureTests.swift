import Testing

@testable import Daemon

@Suite("Numbers as a report writes them")
struct FigureTests {
  @Test("They are rounded, with as many decimals as are asked for")
  func fixed() {
    #expect(
      Figure.fixed(1.005, 1) == "1.0" && Figure.fixed(0.96, 1) == "1.0" && Figure.fixed(12.034, 2) == "12.03")
    #expect(
      Figure.fixed(-0.25, 2) == "-0.25" && Figure.fixed(-0.001, 2) == "0.00" && Figure.fixed(2.5, 0) == "3")
    #expect(Figure.whole(1.6) == "2" && Figure.whole(-0.4) == "0")
  }

  @Test("What is no number is told as none")
  func none() {
    #expect(Figure.fixed(.infinity, 2) == "0" && Figure.whole(.nan) == "-")
    #expect(Figure.list(["1", "2"]) == Array("[1,2]".utf8))
  }
}

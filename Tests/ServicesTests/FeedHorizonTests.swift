import Services
import Testing

@Suite("The horizon")
struct FeedHorizonTests {
  @Test("It stands before the oldest change that has not ended, in whatever order changes end")
  func model() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      let horizon = FeedHorizon(at: 10)
      var open: Set<Position> = []
      var highest: Position = 10
      for _ in 0..<100 {
        if open.isEmpty || Bool.random(using: &random) {
          highest += Position.random(in: 1...3, using: &random)
          horizon.begin(highest)
          open.insert(highest)
        } else if let ended = open.randomElement(using: &random) {
          open.remove(ended)
          horizon.end([ended])
        }
        #expect(horizon.position == open.min().map { $0 - 1 } ?? highest)
      }
      horizon.end(open)
      #expect(horizon.position == highest)
    }
  }
}

import Testing

@testable import Daemon

@Suite("The numbers of a sender's messages")
struct BenchSeriesTests {
  @Test("What comes twice or late is found")
  func places() {
    var series = BenchSeries()
    #expect(
      [0, 1, 2, 5, 3, 3, 200, 4, 5, 201].map { series.take($0) } == [
        .next, .next, .next, .next, .late, .again, .next, .late, .again, .next,
      ])
  }
}

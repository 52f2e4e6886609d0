import Testing

@testable import Pipeline

@Suite("Histogram")
struct HistogramTests {
  @Test(
    "A duration falls into the first bucket whose bound it does not pass",
    arguments: [
      (0, 0), (1, 0), (1000, 0), (1001, 1), (2000, 1), (2001, 2), (4000, 2), (4001, 3), (1_000_000, 10),
      (UInt64(1000) << 24, 24), ((UInt64(1000) << 24) + 1, 25), (UInt64.max / 2, 25),
    ] as [(UInt64, Int)])
  func buckets(nanoseconds: UInt64, bucket: Int) {
    var histogram = Histogram()
    histogram.record(nanoseconds, times: 3)
    #expect(histogram.buckets[bucket] == 3)
    #expect(histogram.count == 3)
    if bucket < Histogram.boundCount { #expect(nanoseconds <= Histogram.bound(bucket)) }
  }
}

import Testing

@testable import Daemon

@Suite("The histogram of a load")
struct LatencyHistogramTests {
  @Test("Quantiles are those of the sorted durations, too high by a thirty-second at most")
  func quantiles() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<20 {
      var histogram = LatencyHistogram()
      // Of all magnitudes alike, from a nanosecond to minutes.
      let values = (0..<1000).map { _ in
        random.next() >> UInt64.random(in: 26...63, using: &random)
      }.sorted()
      for value in values.shuffled() { histogram.record(value) }
      for share in [0.001, 0.5, 0.9, 0.99, 0.999, 1] {
        let exact = values[Int((share * 1000).rounded(.up)) - 1]
        let found = histogram.quantile(share)
        #expect(found >= exact && found - exact <= exact / 32)
      }
      #expect(histogram.highest == values.last && histogram.quantile(1) == values.last)
    }
  }

  @Test("What it lists are the buckets that hold anything, in order")
  func filled() {
    var histogram = LatencyHistogram()
    for value: UInt64 in [7, 7, 1000, 5_000_000_000] { histogram.record(value) }
    let filled = histogram.filled
    #expect(filled.map(\.count) == [2, 1, 1] && filled.map(\.upperBound).first == 7)
    for (bucket, value) in zip(filled, [7, 1000, 5_000_000_000] as [UInt64]) {
      #expect(bucket.upperBound >= value && bucket.upperBound - value <= value / 32)
    }
    #expect(LatencyHistogram().filled.isEmpty)
  }

  @Test("Each bucket ends where the next begins")
  func buckets() {
    for bucket in 0..<1919 {
      let bound = LatencyHistogram.upperBound(of: bucket)
      #expect(LatencyHistogram.bucket(of: bound) == bucket)
      #expect(LatencyHistogram.bucket(of: bound + 1) == bucket + 1)
    }
    #expect(LatencyHistogram.bucket(of: .max) == 1919 && LatencyHistogram.upperBound(of: 1919) == .max)
  }

  @Test("Two that are added are one of all")
  func sums() {
    var (one, two, all) = (LatencyHistogram(), LatencyHistogram(), LatencyHistogram())
    for value in UInt64(0)..<500 {
      all.record(value * 977)
      if value % 3 == 0 { one.record(value * 977) } else { two.record(value * 977) }
    }
    var sum = LatencyHistogram()
    sum.add(one)
    sum.add(two)
    sum.add(LatencyHistogram())
    #expect(sum == all && sum.count == 500)
  }

  @Test("Without any duration all is zero")
  func empty() {
    #expect(LatencyHistogram().quantile(0.99) == 0 && LatencyHistogram().mean == 0)
  }
}

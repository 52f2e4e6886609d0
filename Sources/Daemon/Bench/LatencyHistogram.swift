/// Counts durations so finely that a quantile is too high by less than one part in thirty-two, in memory that does not
/// grow: below 64 ns each has a bucket, and from there on each doubling of time has 32.
struct LatencyHistogram: Sendable, Equatable {
  private static let perDoubling = 32
  private static let bucketCount = 2 * perDoubling + 58 * perDoubling

  private(set) var count: UInt64 = 0
  private(set) var highest: UInt64 = 0
  private var sum: UInt64 = 0
  private var buckets: [UInt64] = []

  /// Counts a duration of so many nanoseconds.
  mutating func record(_ nanoseconds: UInt64) {
    if buckets.isEmpty { buckets = [UInt64](repeating: 0, count: Self.bucketCount) }
    buckets[Self.bucket(of: nanoseconds)] += 1
    count += 1
    sum &+= nanoseconds
    highest = max(highest, nanoseconds)
  }

  /// Adds what another has counted.
  mutating func add(_ other: LatencyHistogram) {
    guard other.count > 0 else { return }
    guard count > 0 else { return self = other }
    for index in buckets.indices { buckets[index] += other.buckets[index] }
    count += other.count
    sum &+= other.sum
    highest = max(highest, other.highest)
  }

  /// The duration in nanoseconds that a share of all does not exceed; 0 without any.
  func quantile(_ share: Double) -> UInt64 {
    guard count > 0 else { return 0 }
    let rank = UInt64(max(1, (share * Double(count)).rounded(.up)))
    var seen: UInt64 = 0
    for (index, number) in buckets.enumerated() {
      seen += number
      if seen >= rank { return min(highest, Self.upperBound(of: index)) }
    }
    return highest
  }

  /// The mean in nanoseconds; 0 without any.
  var mean: Double { count > 0 ? Double(sum) / Double(count) : 0 }

  /// The buckets that hold anything, in order: the highest duration that falls into each, and how many did.
  var filled: [(upperBound: UInt64, count: UInt64)] {
    buckets.enumerated().compactMap { $1 > 0 ? (Self.upperBound(of: $0), $1) : nil }
  }

  static func bucket(of value: UInt64) -> Int {
    // As many low bits are dropped as leave a number from 32 to 63.
    let dropped = max(0, UInt64.bitWidth - value.leadingZeroBitCount - 6)
    return dropped * perDoubling + Int(value >> UInt64(dropped))
  }

  /// The highest duration that falls into a bucket.
  static func upperBound(of bucket: Int) -> UInt64 {
    let dropped = max(0, bucket / perDoubling - 1)
    let kept = UInt64(bucket - dropped * perDoubling)
    return (kept << UInt64(dropped)) + ((1 << UInt64(dropped)) - 1)
  }
}

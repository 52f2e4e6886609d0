/// Counts durations in buckets whose bounds double, from a microsecond to about 17 seconds.
public struct Histogram: Sendable, Equatable {
  /// How many bounds there are; one more bucket takes what is beyond the last.
  public static let boundCount = 25

  /// How many durations fell into each bucket: at most its bound, more than the one before.
  public private(set) var buckets = [UInt64](repeating: 0, count: Histogram.boundCount + 1)
  /// How many durations there were.
  public private(set) var count: UInt64 = 0
  /// Their sum in nanoseconds.
  public private(set) var sum: UInt64 = 0

  /// Without any duration.
  public init() {}

  /// The upper bound of a bucket in nanoseconds.
  public static func bound(_ bucket: Int) -> UInt64 { 1000 << UInt64(bucket) }

  /// Counts a duration of so many nanoseconds, `times` times.
  public mutating func record(_ nanoseconds: UInt64, times: Int = 1) {
    let microseconds = (nanoseconds + 999) / 1000
    let bucket = microseconds <= 1 ? 0 : UInt64.bitWidth - (microseconds - 1).leadingZeroBitCount
    buckets[min(bucket, Self.boundCount)] += UInt64(times)
    count += UInt64(times)
    sum &+= nanoseconds &* UInt64(times)
  }

  /// Adds what another has counted.
  public mutating func add(_ other: Histogram) {
    for index in buckets.indices { buckets[index] += other.buckets[index] }
    count += other.count
    sum &+= other.sum
  }
}

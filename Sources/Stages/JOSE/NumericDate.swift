import Pipeline

/// A moment as a claim holds it: seconds since 1970-01-01T00:00:00Z, maybe with a fraction (RFC 7519 section 2).
enum NumericDate {
  /// From 1970 to the end of 9999: what RFC 3339 can write and no clock in order exceeds.
  private static let range = 0.0...253_402_300_799.0

  /// The moment that the text of a JSON number stands for, to the millisecond below; `nil` where it is out of range,
  /// as milliseconds taken for seconds and infinities are.
  static func moment(_ number: String) -> Timestamp? {
    guard let seconds = Double(number), range.contains(seconds) else { return nil }
    return Timestamp(milliseconds: Int64(seconds * 1000))
  }
}

/// A moment of wall-clock time in milliseconds since 1970-01-01T00:00:00Z.
public struct Timestamp: Hashable, Comparable, Sendable {
  /// Milliseconds since 1970-01-01T00:00:00Z.
  public var milliseconds: Int64

  /// A moment by its milliseconds since 1970-01-01T00:00:00Z.
  public init(milliseconds: Int64) { self.milliseconds = milliseconds }

  /// Whether `lhs` is earlier than `rhs`.
  public static func < (lhs: Timestamp, rhs: Timestamp) -> Bool { lhs.milliseconds < rhs.milliseconds }

  /// The moment `duration` later, to the millisecond below.
  public static func + (moment: Timestamp, duration: Duration) -> Timestamp {
    Timestamp(milliseconds: moment.milliseconds + duration.wholeMilliseconds)
  }
}

extension Timestamp: CustomStringConvertible {
  /// RFC 3339 in UTC with milliseconds: `2026-01-31T12:00:00.123Z`.
  public var description: String { withRFC3339 { String(decoding: $0, as: UTF8.self) } }

  /// The 24 bytes of ``description``.
  public var rfc3339: [UInt8] { withRFC3339(Array.init) }

  /// Gives `body` those bytes.
  func withRFC3339<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    let days = milliseconds.floorDivided(by: 86_400_000)
    let (year, month, day) = Self.civil(fromDays: days)
    let time = milliseconds - days * 86_400_000
    let form: StaticString = "0000-00-00T00:00:00.000Z"
    return form.withUTF8Buffer { form in
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: form.count) { text in
        _ = text.initialize(fromContentsOf: form)
        text.set(digits: year, at: 0..<4)
        text.set(digits: month, at: 5..<7)
        text.set(digits: day, at: 8..<10)
        text.set(digits: time / 3_600_000, at: 11..<13)
        text.set(digits: time / 60_000 % 60, at: 14..<16)
        text.set(digits: time / 1000 % 60, at: 17..<19)
        text.set(digits: time % 1000, at: 20..<23)
        return body(UnsafeBufferPointer(text))
      }
    }
  }

  /// The proleptic Gregorian date of a day counted from 1970-01-01. It counts in years that begin on
  /// 1 March, so that the leap day is the last of its year and the months' lengths follow one formula.
  private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = shifted.floorDivided(by: 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
  }

  /// The day counted from 1970-01-01 of a proleptic Gregorian date: the inverse of ``civil(fromDays:)``.
  private static func days(fromYear year: Int64, month: Int64, day: Int64) -> Int64 {
    let marchYear = month <= 2 ? year - 1 : year
    let era = marchYear.floorDivided(by: 400)
    let yearOfEra = marchYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// The moment that an RFC 3339 text in UTC names, with or without a fraction of a second (of which
  /// milliseconds count); `nil` where the text is no such moment.
  public init?(rfc3339 text: String) {
    let bytes = Array(text.utf8)
    func number(_ range: Range<Int>) -> Int64? {
      var value: Int64 = 0
      for byte in bytes[range] {
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
        value = value * 10 + Int64(byte - UInt8(ascii: "0"))
      }
      return value
    }
    guard bytes.count >= 20, bytes.count <= 30, bytes[bytes.count - 1] == UInt8(ascii: "Z"),
      bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"), bytes[10] == UInt8(ascii: "T"),
      bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
      let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
      let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
      (1...12).contains(month), day >= 1, hour < 24, minute < 60, second < 60
    else { return nil }
    let date = Self.days(fromYear: year, month: month, day: day)
    guard Self.civil(fromDays: date) == (year, month, day) else { return nil }
    var fraction: Int64 = 0
    if bytes.count > 20 {
      guard bytes[19] == UInt8(ascii: "."), bytes.count > 21, number(20..<bytes.count - 1) != nil else {
        return nil
      }
      for place in 20..<23 {
        fraction = fraction * 10 + (place < bytes.count - 1 ? Int64(bytes[place] - UInt8(ascii: "0")) : 0)
      }
    }
    self.init(milliseconds: (((date * 24 + hour) * 60 + minute) * 60 + second) * 1000 + fraction)
  }
}

extension Duration {
  /// The whole milliseconds in it, towards zero.
  public var wholeMilliseconds: Int64 {
    components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
  }

  /// The whole nanoseconds in it, towards zero.
  public var wholeNanoseconds: Int64 {
    components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
  }
}

extension Int64 {
  /// The quotient rounded towards negative infinity, as moments before 1970 need it.
  fileprivate func floorDivided(by divisor: Int64) -> Int64 {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }
}

extension UnsafeMutableBufferPointer<UInt8> {
  /// Writes `number` in decimal, with leading zeros.
  fileprivate func set(digits number: Int64, at places: Range<Int>) {
    var rest = number
    for place in places.reversed() {
      self[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
  }
}

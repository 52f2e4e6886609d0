/// A value that `pipeline.yaml` writes as a text of its own form.
public protocol ConfigurationText: Decodable, Sendable {
  /// The value that a text stands for; `nil` where it stands for none.
  init?(_ text: String)
  /// How the form is called in an error: `a duration such as 250ms, 10s or 10m`.
  static var form: String { get }
  /// What stands in for a value that could not be read, so that reading goes on to the next fault.
  static var placeholder: Self { get }
}

extension ConfigurationText {
  /// Reads the text.
  public init(from decoder: any Decoder) throws {
    guard let text = try? decoder.singleValueContainer().decode(String.self), let value = Self(text) else {
      throw ConfigurationError("wants \(Self.form)")
    }
    self = value
  }
}

/// What a `Decodable` type of one's own throws to report a fault at the value it decodes.
public struct ConfigurationError: Error, Sendable {
  /// What is wrong, so that it reads well after the key's name: `wants a date`.
  public let message: String

  /// A fault with its description.
  public init(_ message: String) { self.message = message }

  /// What is said of a list or a mapping where a text belongs.
  static let noText = "wants a text"
}

/// A time: `250ms`, `10s`, `10m`, `1h`, `7d`.
public struct ConfigDuration: ConfigurationText, Equatable {
  /// The time.
  public let duration: Duration

  public static let form = "a duration such as 250ms, 10s, 10m, 1h or 7d"
  public static let placeholder = ConfigDuration(duration: .seconds(1))

  init(duration: Duration) { self.duration = duration }

  public init?(_ text: String) {
    let units: [(String, Int64)] = [
      ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]
    guard let (number, unit) = quantity(text), let scale = units.first(where: { $0.0 == unit })?.1 else {
      return nil
    }
    let (milliseconds, overflow) = Int64(number).multipliedReportingOverflow(by: scale)
    guard !overflow, milliseconds <= 3_660 * 86_400_000 else { return nil }
    duration = .milliseconds(milliseconds)
  }
}

/// A number of bytes: `512B`, `64KiB`, `1MiB`, or a plain number.
public struct ByteSize: ConfigurationText, Equatable {
  /// How many bytes.
  public let bytes: Int

  public static let form = "a size such as 512B, 64KiB or 1MiB"
  public static let placeholder = ByteSize(bytes: 1024)

  init(bytes: Int) { self.bytes = bytes }

  public init?(_ text: String) {
    let units = [("", 1), ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)]
    guard let (number, unit) = quantity(text), let scale = units.first(where: { $0.0 == unit })?.1, number > 0
    else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: scale)
    guard !overflow else { return nil }
    self.bytes = bytes
  }
}

/// A number of events in a time: `50/s`, `100/m`, `5/10s`.
public struct Rate: ConfigurationText, Equatable {
  /// How many events.
  public let count: Int
  /// In what time.
  public let per: Duration

  public static let form = "a rate such as 50/s, 100/m or 5/10s"
  public static let placeholder = Rate(count: 1, per: .seconds(1))

  init(count: Int, per: Duration) {
    self.count = count
    self.per = per
  }

  public init?(_ text: String) {
    let sides = text.split(separator: "/", omittingEmptySubsequences: false)
    guard sides.count == 2, let (count, unit) = quantity(String(sides[0])), unit.isEmpty,
      (1...1_000_000_000).contains(count),
      let first = sides[1].first,
      let time = ConfigDuration(first.isNumber ? String(sides[1]) : "1\(sides[1])"),
      time.duration > .zero
    else { return nil }
    self.init(count: count, per: time.duration)
  }

  /// The time that one event takes up, in nanoseconds.
  public var interval: UInt64 { UInt64(per.wholeNanoseconds) / UInt64(count) }
}

/// A number of digits and the unit behind it.
private func quantity(_ text: String) -> (Int, String)? {
  let digits = text.prefix { $0.isASCII && $0.isNumber }
  guard !digits.isEmpty, let number = Int(digits) else { return nil }
  return (number, String(text[digits.endIndex...]))
}

public import Pipeline

/// What the entry of ``RateLimit`` holds.
public struct RateLimitConfiguration: Decodable, Sendable {
  /// Whom a limit is for.
  public enum Subject: String, Decodable, Sendable, CaseIterable {
    /// Each user; each address where nobody is known yet.
    case user
    /// Each address.
    case ip
  }

  /// What may be sustained; absent: 50 events a second.
  public var rate: Rate?
  /// How many events may come at once after a pause; absent: 100.
  public var burst: Int?
  /// Whom the limit is for; absent: the user.
  public var by: Subject?
  /// Further limits for single types, each counted apart.
  public var perType: [String: Rate]?

  /// A configuration by its parts.
  public init(rate: Rate? = nil, burst: Int? = nil, by: Subject? = nil, perType: [String: Rate]? = nil) {
    self.rate = rate
    self.burst = burst
    self.by = by
    self.perType = perType
  }

  enum CodingKeys: String, CodingKey {
    case rate
    case burst
    case by
    case perType = "per_type"
  }

  static let options = [
    StageOption("rate", "rate", default: "50/s", "what may be sustained"),
    StageOption("burst", "number", default: "100", "how many events may come at once after a pause"),
    StageOption(
      "by", "user | ip", default: "user", "whom the limit is for; the address where no user is known"),
    StageOption("per_type", "{TYPE: rate}", default: "{}", "further limits for single types, counted apart"),
  ]

  func check(_ report: inout ConfigurationReport) {
    if let burst, !(1...1_000_000).contains(burst) {
      report.error("'burst' is from 1 to 1000000, not \(burst)", key: "burst")
    }
    for type in (perType ?? [:]).keys.sorted() {
      guard type.isEmpty || !RateLimit.events.takes(EventType(rawValue: type)) else { continue }
      report.error("'\(type)' is no type of event that a limit can be for", key: "per_type", item: type)
    }
  }
}

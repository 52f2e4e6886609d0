public import Pipeline

/// What the entry of ``Presence`` holds.
public struct PresenceConfiguration: Decodable, Sendable {
  /// How long after their last device has gone users count as online still; absent: 10 seconds.
  public var offlineAfter: ConfigDuration?
  /// The most users told of one change; absent: 1,000.
  public var maxUpdates: Int?

  /// A configuration by its parts.
  public init(offlineAfter: ConfigDuration? = nil, maxUpdates: Int? = nil) {
    self.offlineAfter = offlineAfter
    self.maxUpdates = maxUpdates
  }

  enum CodingKeys: String, CodingKey {
    case offlineAfter = "offline_after"
    case maxUpdates = "max_updates"
  }

  static let options = [
    StageOption(
      "offline_after", "duration", default: "10s", "how long after their last device users stay online"),
    StageOption("max_updates", "number", default: "1000", "the most users told of one change"),
  ]

  func check(_ report: inout ConfigurationReport) {
    if let grace = offlineAfter?.duration, grace > .seconds(3600) {
      report.error("'offline_after' is at most 1h", key: "offline_after")
    }
    if let maxUpdates, !(1...100_000).contains(maxUpdates) {
      report.error("'max_updates' is from 1 to 100000, not \(maxUpdates)", key: "max_updates")
    }
  }
}

public import Pipeline

/// What the entry of ``Dedup`` holds.
public struct DedupConfiguration: Decodable, Sendable {
  /// How long sends are remembered; absent: 10 minutes.
  public var window: ConfigDuration?

  /// A configuration by its parts.
  public init(window: ConfigDuration? = nil) { self.window = window }

  static let options = [
    StageOption("window", "duration", default: "10m", "how long sends are remembered")
  ]

  func check(_ report: inout ConfigurationReport) {
    if let window = window?.duration, !(Duration.seconds(1)...Duration.seconds(86_400)).contains(window) {
      report.error("'window' is from 1s to 24h", key: "window")
    }
  }
}

public import Pipeline

/// What the entry of ``Fcm`` holds.
public struct FcmConfiguration: Decodable, Sendable {
  /// Where the credentials of a service account will be; not read by this version.
  public var credentials: String?
  /// How long a connected receiver has for a sign of life; absent: ten seconds.
  public var after: ConfigDuration?
  /// How long a push is kept; absent: a day.
  public var ttl: ConfigDuration?

  /// How long a connected receiver has for a sign of life, and how long a push is kept.
  var timing: PushTiming {
    PushTiming(after: after?.duration ?? .seconds(10), lifetime: ttl?.duration ?? .seconds(86_400))
  }

  /// A configuration by its parts.
  public init(credentials: String? = nil, after: ConfigDuration? = nil, ttl: ConfigDuration? = nil) {
    self.credentials = credentials
    self.after = after
    self.ttl = ttl
  }

  /// The keys, for `sluice stages`.
  public static let options = [
    StageOption("credentials", "path", default: "none", "the service account; not read by this version"),
    StageOption("after", "duration", default: "10s", "how long a connected receiver has for a sign of life"),
    StageOption("ttl", "duration", default: "1d", "how long a push is kept"),
  ]

  func check(_ report: inout ConfigurationReport) {
    report.warning("push is not configured: this version keeps what is due a push, and sends nothing")
    if let after = after?.duration, !(.seconds(1)...Duration.seconds(3600)).contains(after) {
      report.error("'after' is from 1s to 1h", key: "after")
    }
    // Firebase keeps a message for four weeks at most.
    if let ttl = ttl?.duration, !(.seconds(60)...Duration.seconds(28 * 86_400)).contains(ttl) {
      report.error("'ttl' is from 1m to 28d", key: "ttl")
    }
  }
}

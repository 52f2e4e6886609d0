public import Pipeline

/// What the entry of ``Webhook`` holds.
public struct WebhookConfiguration: Decodable, Sendable {
  /// Where pushes go.
  public var url: String
  /// The file with the secret that they are signed with.
  public var secretFile: String
  /// What of a message is sent; absent: all.
  public var content: PushContent?
  /// How long a connected receiver has for a sign of life; absent: ten seconds.
  public var after: ConfigDuration?
  /// How long a push is tried; absent: a day.
  public var ttl: ConfigDuration?
  /// How long a node keeps a job to itself; absent: 30 seconds.
  public var lease: ConfigDuration?
  /// The first pause after a failure; absent: ten seconds.
  public var firstBackoff: ConfigDuration?
  /// How much may be sent; absent: 6,000 a minute.
  public var rate: Rate?
  /// How many may be under way at once on a node; absent: 50.
  public var parallel: Int?

  /// A configuration by what it must have.
  public init(url: String, secretFile: String) {
    self.url = url
    self.secretFile = secretFile
  }

  enum CodingKeys: String, CodingKey {
    case url, content, after, ttl, lease, rate, parallel
    case secretFile = "secret_file"
    case firstBackoff = "first_backoff"
  }

  /// How long a connected receiver has for a sign of life, and how long a push is kept.
  var timing: PushTiming {
    PushTiming(after: after?.duration ?? .seconds(10), lifetime: ttl?.duration ?? .seconds(86_400))
  }

  /// The pushes that a sender sends.
  func plan(_ sender: any PushSender) -> PushPlan {
    let rate = rate ?? Rate("6000/m") ?? .placeholder
    return PushPlan(
      sender: sender,
      backoff: PushBackoff(first: firstBackoff?.duration ?? .seconds(10), lifetime: timing.lifetime),
      lease: lease?.duration ?? .seconds(30), limits: PushLimits(account: rate, device: rate),
      capacity: parallel ?? 50)
  }

  /// The keys, for `sluice stages`.
  public static let options = [
    StageOption("url", "address", default: nil, "where pushes are posted to"),
    StageOption("secret_file", "path", default: nil, "the secret that they are signed with, newest first"),
    StageOption("content", "shown | hidden", default: "shown", "whether what the message says is sent"),
    StageOption("after", "duration", default: "10s", "how long a connected receiver has for a sign of life"),
    StageOption("ttl", "duration", default: "1d", "how long a push is tried"),
    StageOption(
      "lease", "duration", default: "30s", "how long a node keeps a push to itself before another takes it"),
    StageOption("first_backoff", "duration", default: "10s", "the first pause after a failure"),
    StageOption("rate", "rate", default: "6000/m", "how much is sent, by all nodes together"),
    StageOption("parallel", "number", default: "50", "how many are under way at once on a node"),
  ]

  func check(_ report: inout ConfigurationReport) {
    PushTimes.check(after, ttl, lease, firstBackoff, parallel, &report)
    if let address = WebAddress(url) {
      if !address.isEncrypted, !address.isLoopback {
        report.error("'\(url)' is not encrypted: whoever is on the way could read; use https", key: "url")
      }
    } else {
      report.error("'\(url)' is no address such as https://push.example/sluice", key: "url")
    }
    do throws(KeyFileError) {
      if try SecretFile.read(secretFile).isOpenToOthers {
        report.warning(
          "'\(secretFile)' is open to every user of this machine; chmod 0600 it", key: "secret_file")
      }
    } catch {
      report.error(error.description, key: "secret_file")
    }
  }
}

public import Pipeline

/// What the entry of ``Fcm`` holds.
public struct FcmConfiguration: Decodable, Sendable {
  /// How urgent pushes are.
  public enum Priority: String, Decodable, Sendable, CaseIterable {
    /// They wake a phone.
    case high
    /// They may wait until it wakes.
    case normal
  }

  /// The file with the credentials of a service account; absent: nothing is sent.
  public var credentials: String?
  /// The base address of the service; absent: FCM's own.
  public var endpoint: String?
  /// How long a connected receiver has for a sign of life; absent: ten seconds.
  public var after: ConfigDuration?
  /// How long a push is tried and kept; absent: a day.
  public var ttl: ConfigDuration?
  /// The template of the title.
  public var title: String?
  /// The template of the body.
  public var body: String?
  /// What of a message is shown; absent: what the templates say.
  public var content: PushContent?
  /// Templates of what the app finds beside what the stage gives it.
  public var data: [String: String]?
  /// How urgent pushes are; absent: high.
  public var priority: Priority?
  /// What a click does in an app: a template.
  public var clickAction: String?
  /// Where a click leads in a browser: a template.
  public var link: String?
  /// What is for Android alone.
  public var android: ConfigurationTree?
  /// What is for Apple's devices alone.
  public var apns: ConfigurationTree?
  /// What is for browsers alone.
  public var webpush: ConfigurationTree?
  /// How long a node keeps a job to itself; absent: 30 seconds.
  public var lease: ConfigDuration?
  /// The first pause after a failure of the service's; absent: ten seconds.
  public var firstBackoff: ConfigDuration?
  /// How much may be sent to all devices together; absent: 600,000 a minute.
  public var rate: Rate?
  /// How much may be sent to one device; absent: 240 a minute.
  public var deviceRate: Rate?
  /// How many may be under way at once on a node; absent: 400.
  public var parallel: Int?
  /// Whether FCM is asked about tokens that are registered; absent: no.
  public var checkTokens: Bool?

  /// A configuration with its times, all else being absent.
  public init(credentials: String? = nil, after: ConfigDuration? = nil, ttl: ConfigDuration? = nil) {
    self.credentials = credentials
    self.after = after
    self.ttl = ttl
  }

  enum CodingKeys: String, CodingKey {
    case credentials, endpoint, after, ttl, title, body, content, data, priority, link, android, apns, webpush
    case lease, rate, parallel
    case clickAction = "click_action"
    case firstBackoff = "first_backoff"
    case deviceRate = "device_rate"
    case checkTokens = "check_tokens"
  }

  /// How long a connected receiver has for a sign of life, and how long a push is kept.
  var timing: PushTiming {
    PushTiming(after: after?.duration ?? .seconds(10), lifetime: ttl?.duration ?? .seconds(86_400))
  }

  /// The blocks that are set.
  var blocks: [(FcmTemplates.Block, JSONValue)] {
    [(.android, android), (.apns, apns), (.webpush, webpush)].compactMap { block, tree in
      tree.map { (block, $0.value) }
    }
  }

  /// The pushes that a sender sends.
  func plan(_ sender: any PushSender) -> PushPlan {
    PushPlan(
      sender: sender,
      backoff: PushBackoff(first: firstBackoff?.duration ?? .seconds(10), lifetime: timing.lifetime),
      lease: lease?.duration ?? .seconds(30),
      limits: PushLimits(
        account: rate ?? Rate("600000/m") ?? .placeholder, device: deviceRate ?? Rate("240/m") ?? .placeholder
      ),
      capacity: parallel ?? 400)
  }

  /// The keys, for `sluice stages`.
  public static let options = [
    StageOption(
      "credentials", "path", default: "none", "the service account's JSON file; without it nothing is sent"),
    StageOption("endpoint", "address", default: FcmSender.endpoint, "where FCM is"),
    StageOption("after", "duration", default: "10s", "how long a connected receiver has for a sign of life"),
    StageOption("ttl", "duration", default: "1d", "how long a push is tried, and kept by FCM"),
    StageOption(
      "title", "template", default: FcmTemplates.defaultTitle, "what a notification is headed with"),
    StageOption("body", "template", default: FcmTemplates.defaultBody, "what it says"),
    StageOption(
      "content", "shown | hidden", default: "shown", "whether templates may show what the message says"),
    StageOption(
      "data", "{key: template}", default: "{}",
      "more for the app, beside messageId, senderId and conversation"),
    StageOption("priority", "high | normal", default: "high", "whether a push wakes a phone"),
    StageOption(
      "click_action", "template", default: "none", "what a click does: Android's action, Apple's category"),
    StageOption("link", "template", default: "none", "where a click leads in a browser"),
    StageOption("android", "block", default: "{}", "what FCM is told for Android alone"),
    StageOption("apns", "block", default: "{}", "for Apple's devices alone"),
    StageOption("webpush", "block", default: "{}", "for browsers alone"),
    StageOption(
      "lease", "duration", default: "30s", "how long a node keeps a push to itself before another takes it"),
    StageOption("first_backoff", "duration", default: "10s", "the first pause after a failure of FCM's"),
    StageOption(
      "rate", "rate", default: "600000/m", "how much is sent to the project, by all nodes together"),
    StageOption("device_rate", "rate", default: "240/m", "how much is sent to one device"),
    StageOption("parallel", "number", default: "400", "how many are under way at once on a node"),
    StageOption(
      "check_tokens", "true | false", default: "false", "whether FCM is asked about tokens at register"),
  ]
}

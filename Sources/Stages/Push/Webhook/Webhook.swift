import Logging
public import Pipeline
public import Services

/// Posts messages of those who are away to an address of the operator's: for push services that this daemon does not
/// know, and for whatever else is to happen then. Everything but the request itself is as with ``Fcm``.
public struct Webhook: BatchStage, PushTrials {
  /// The name in `pipeline.yaml`.
  public static let name = "webhook"
  /// What the stage does, in a line.
  public static let summary = "posts messages to those who are away to an address of yours, signed"
  /// The keys of its configuration.
  public static let options = WebhookConfiguration.options
  /// New messages.
  public static let events: EventFilter = .only(.newMessage)
  /// Fails open: the message is stored.
  public static let onError: FaultPolicy = .skip

  private let line: PushLine
  private let timing: PushTiming
  private let plan: PushPlan
  private let sender: WebhookSender
  private let clock: EngineClock

  /// Needs the durable id.
  public static func requirements(_ configuration: WebhookConfiguration) -> Requirements {
    Requirements(needs: [.durableID])
  }

  /// Reports values out of range, an address or a secret that can't be used.
  public static func check(_ configuration: WebhookConfiguration, _ report: inout ConfigurationReport) {
    configuration.check(&report)
  }

  /// The secret.
  public static func files(_ configuration: WebhookConfiguration) -> [String] { [configuration.secretFile] }

  /// Starts the stage with what an earlier life has left undecided.
  ///
  /// - Throws: `StageStartError` where there is no store or scheduler, nobody who knows who is there, or the process
  ///   can't send; ``KeyFileError`` where the secret can't be used.
  public init(_ configuration: WebhookConfiguration, _ context: StageContext) async throws {
    timing = configuration.timing
    clock = context.clock
    sender = WebhookSender(
      configuration.url, isHidden: configuration.content == .hidden,
      WebhookSignature(try SecretFile.read(configuration.secretFile).secrets),
      try context.require(WebSenderKey.self),
      context.clock)
    plan = configuration.plan(sender)
    line = try await PushLine(
      context, reach: .user, timing: timing, following: context.predecessor(as: Webhook.self)?.line)
  }

  /// Decides and sends from now on as this stage is configured.
  public func activate() { line.activate(timing, plan) }

  /// Notes the messages of the batch that were stored; nothing waits for the decision.
  public func process(_ batch: inout EventBatch) { line.note(batch) }

  /// Where no other stage has taken over, decides and sends nothing more.
  public func shutDown() async { await line.shutDown() }

  /// Posts a trial for a user.
  public func tryPush(to user: String) async -> [PushTrial] {
    let began = clock.monotonic()
    let answer = await sender.sendTrial(to: user, within: WebhookSender.timeout)
    return [
      PushTrial(
        target: "the address", isSent: answer.meaning == .sent, result: answer.reason.rawValue,
        detail: answer.detail,
        milliseconds: Int((clock.monotonic() - began) / 1_000_000))
    ]
  }

  /// Tokens are nothing to it.
  public func knows(_ deviceToken: String) async -> Bool { true }
}

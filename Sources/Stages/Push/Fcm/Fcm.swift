import Logging
public import Pipeline
public import Services

/// Pushes messages to the phones of those who are away, by Firebase Cloud Messaging's HTTP v1.
///
/// A message is due one when its receiver has no device connected, or none of them has given a sign of life within
/// `after` of the delivery: that a connection looks open is not believed. What is due is a row of the store's, sent by
/// whichever node takes it, and tried until FCM has said what becomes of it or its time is over.
public struct Fcm: BatchStage, PushTrials {
  /// The name in `pipeline.yaml`.
  public static let name = "fcm"
  /// What the stage does, in a line.
  public static let summary =
    "pushes messages to the phones of those who are away, by Firebase Cloud Messaging"
  /// The keys of its configuration.
  public static let options = FcmConfiguration.options
  /// New messages.
  public static let events: EventFilter = .only(.newMessage)
  /// Fails open: the message is stored.
  public static let onError: FaultPolicy = .skip

  private let line: PushLine
  private let timing: PushTiming
  private let plan: PushPlan?
  private let sender: FcmSender?
  private let checksTokens: Bool
  private let store: any Store
  private let clock: EngineClock

  /// Needs the durable id.
  public static func requirements(_ configuration: FcmConfiguration) -> Requirements {
    Requirements(needs: [.durableID])
  }

  /// Reports values out of range, credentials that can't be used, and templates that are wrong.
  public static func check(_ configuration: FcmConfiguration, _ report: inout ConfigurationReport) {
    configuration.check(&report)
  }

  /// The credentials.
  public static func files(_ configuration: FcmConfiguration) -> [String] {
    configuration.credentials.map { [$0] } ?? []
  }

  /// Starts the stage with what an earlier life has left undecided.
  ///
  /// - Throws: `StageStartError` where there is no store or scheduler, nobody who knows who is there, or the process
  ///   can't send; ``KeyFileError`` where the credentials can't be used.
  public init(_ configuration: FcmConfiguration, _ context: StageContext) async throws {
    timing = configuration.timing
    checksTokens = configuration.checkTokens ?? false
    store = try context.store
    clock = context.clock
    if let credentials = configuration.credentials {
      let sender = FcmSender(
        try ServiceAccount(reading: credentials), FcmTemplates(configuration) { _, _ in },
        endpoint: configuration.endpoint ?? FcmSender.endpoint, try context.require(WebSenderKey.self),
        context.clock, context.logger)
      self.sender = sender
      plan = configuration.plan(sender)
    } else {
      (sender, plan) = (nil, nil)
      context.logger.warning("push is not configured: what is due a push is kept, and not sent")
    }
    line = try await PushLine(
      context, reach: .devices, timing: timing, following: context.predecessor(as: Fcm.self)?.line)
  }

  /// Decides and sends from now on as this stage is configured.
  public func activate() { line.activate(timing, plan) }

  /// Notes the messages of the batch that were stored; nothing waits for the decision.
  public func process(_ batch: inout EventBatch) { line.note(batch) }

  /// Where no other stage has taken over, decides and sends nothing more.
  public func shutDown() async { await line.shutDown() }

  /// Sends a message of its own to each device of a user.
  public func tryPush(to user: String) async -> [PushTrial] {
    guard let sender else { return [] }
    let devices = await withCheckedContinuation { continuation in
      store.devices(of: user) { continuation.resume(returning: (try? $0.get()) ?? []) }
    }
    var trials: [PushTrial] = []
    for (number, device) in devices.enumerated() {
      let began = clock.monotonic()
      let answer = await sender.sendTrial(to: device.token, of: user, within: FcmSender.timeout * 2)
      trials.append(
        PushTrial(
          target: "device \(number + 1)" + (device.platform.map { " (\($0))" } ?? ""),
          isSent: answer.meaning == .sent,
          result: answer.reason.rawValue, detail: answer.detail,
          milliseconds: Int((clock.monotonic() - began) / 1_000_000)))
    }
    return trials
  }

  /// Whether FCM knows a token, where `check_tokens` says that it is to be asked.
  public func knows(_ deviceToken: String) async -> Bool {
    guard checksTokens, let sender else { return true }
    switch await sender.check(deviceToken, within: .seconds(3)).meaning {
    case .deviceGone, .deviceRefused: return false
    default: return true
    }
  }
}

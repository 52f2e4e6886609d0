import Logging
public import Pipeline
import Services

/// Decides which stored messages are due a push, and keeps that in the store. Sending them is not part of this version.
///
/// A message is due one when its receiver has no device connected, or none of them has given a sign of life within
/// `after` of the delivery: that a connection looks open is not believed. What was decided when the daemon died is
/// decided again when it is back.
public struct Fcm: BatchStage {
  /// The name in `pipeline.yaml`.
  public static let name = "fcm"
  /// What the stage does, in a line.
  public static let summary =
    "decides which messages are due a push to their receiver's phone, and keeps that"
  /// The keys of its configuration.
  public static let options = FcmConfiguration.options
  /// New messages.
  public static let events: EventFilter = .only(.newMessage)
  /// Fails open: the message is stored.
  public static let onError: FaultPolicy = .skip

  private let decisions: PushDecisions
  private let timing: PushTiming
  /// What tells this stage from others that have the same decisions.
  private let owner = PushDecisions.Owner()

  /// Needs the durable id.
  public static func requirements(_ configuration: FcmConfiguration) -> Requirements {
    Requirements(needs: [.durableID])
  }

  /// Reports values out of range, and that nothing is sent.
  public static func check(_ configuration: FcmConfiguration, _ report: inout ConfigurationReport) {
    configuration.check(&report)
  }

  /// Starts the stage with what an earlier life has left undecided.
  ///
  /// - Throws: `StageStartError` where there is no store or scheduler, or nobody who knows who is there.
  public init(_ configuration: FcmConfiguration, _ context: StageContext) async throws {
    timing = configuration.timing
    if let predecessor = context.predecessor(as: Fcm.self) {
      // What waits for a decision belongs to no generation.
      decisions = predecessor.decisions
      return
    }
    decisions = PushDecisions(
      service: context.name, reach: .devices, store: try context.store,
      liveness: try context.require(LivenessKey.self), scheduler: try context.scheduler, clock: context.clock,
      logger: context.logger, timing: timing)
    context.logger.warning("push is not configured: what is due a push is kept, and not sent")
    await decisions.resume()
  }

  /// Decides from now on as this stage is configured.
  public func activate() {
    decisions.adopt(by: owner, timing)
  }

  /// Notes the messages of the batch that were stored; nothing waits for the decision.
  public func process(_ batch: inout EventBatch) {
    var stored: [UndecidedPush] = []
    for index in batch.indices {
      guard let send = batch[index][StoredSendKey.self],
        let receiver = batch[index].data.string("receiverId"),
        receiver != batch[index].identity?.userID
      else { continue }
      stored.append(UndecidedPush(send.id, to: receiver))
    }
    if !stored.isEmpty { decisions.note(stored) }
  }

  /// Where no other stage has taken over, decides nothing more; what is open is found again by the next life.
  public func shutDown() async { decisions.release(by: owner) }
}

public import Pipeline
import Services

/// Hands what earlier stages stored to the devices that are to hear of it, a batch in one call and in order.
///
/// `TYPING` is stored nowhere and delivered from here, where its sender may write to its receiver; whoever may not is
/// told nothing.
///
/// With `ephemeral`, for chains that store nothing, it makes the deliveries of new messages itself and answers with
/// `durable: false`; what changes a message is then refused, since there is none that it could be for.
public struct FanOut: DeferringStage {
  /// What the entry of ``FanOut`` holds.
  public struct Configuration: Decodable, Sendable {
    /// Whether messages that no stage has stored are delivered too; absent: no.
    public var ephemeral: Bool?

    /// A configuration by its parts.
    public init(ephemeral: Bool? = nil) { self.ephemeral = ephemeral }
  }

  /// The name in `pipeline.yaml`.
  public static let name = "fan_out"
  /// What the stage does, in a line.
  public static let summary = "delivers stored messages, their changes and typing to connected devices"
  /// The keys of its configuration.
  public static let options = [
    StageOption("ephemeral", "true | false", default: "false", "deliver messages that no stage has stored")
  ]
  /// Messages, receipts, edits, deletions and typing.
  public static let events: EventFilter = .only(
    .newMessage, .messageRead, .messageDelivered, .editMessage, .deleteMessage, .typing)
  /// Fails open: what is stored is synced later.
  public static let onError: FaultPolicy = .skip

  private let router: any Router
  private let store: any Store
  private let audience: Setting<Audience>
  private let ephemeral: EphemeralMessages?

  /// Needs the durable id or, with `ephemeral`, identity alone.
  public static func requirements(_ configuration: Configuration) -> Requirements {
    Requirements(needs: configuration.ephemeral == true ? [.identity] : [.durableID])
  }

  /// Starts the stage.
  ///
  /// - Throws: `StageStartError` where there is no router, no store or, with `ephemeral`, no generator of message ids.
  public init(_ configuration: Configuration, _ context: StageContext) throws {
    router = try context.router
    store = try context.store
    audience = context.services[AudienceKey.self] ?? Setting(.anyone)
    ephemeral = configuration.ephemeral == true ? EphemeralMessages(ids: try context.messageIDs) : nil
  }

  /// Hands all deliveries of the batch to the router in one call, and those of typing when the store has said who may.
  public func process(_ batch: EventBatch, done: @escaping @Sendable (EventBatch) -> Void) {
    var batch = batch
    var deliveries: [Delivery] = []
    var notices: [TypingNotice] = []
    for index in batch.indices {
      do throws(Rejection) {
        if batch[index].type == .typing {
          notices.append(try TypingNotice(batch[index]))
          continue
        }
        if let ephemeral, batch[index][DeliveriesKey.self] == nil { try ephemeral.take(&batch[index]) }
        if let made = batch[index][DeliveriesKey.self] { deliveries += made }
      } catch {
        batch.reject(error, at: index)
      }
    }
    if !deliveries.isEmpty { router.deliver(deliveries) }
    if !notices.isEmpty { deliver(notices) }
    done(batch)
  }

  /// Typing is worth little and gone in a moment, so its event does not wait for the store's leave.
  private func deliver(_ notices: [TypingNotice]) {
    store.permits(notices.map(\.permit), audience: audience.value) { [router] result in
      guard case .success(let permits) = result else { return }
      let allowed = zip(notices, permits).filter(\.1).map(\.0.delivery)
      if !allowed.isEmpty { router.deliver(allowed) }
    }
  }
}

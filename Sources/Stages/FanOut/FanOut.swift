public import Pipeline
import Services

/// Hands what earlier stages stored to the devices that are to hear of it, a batch in one call and in order.
///
/// With `ephemeral`, for chains that store nothing, it makes the deliveries of new messages itself and answers with
/// `durable: false`; receipts are then refused, since there is no message that they could be for.
public struct FanOut: BatchStage {
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
  public static let summary = "delivers stored messages and receipts to connected devices"
  /// The keys of its configuration.
  public static let options = [
    StageOption("ephemeral", "true | false", default: "false", "deliver messages that no stage has stored")
  ]
  /// New messages and receipts.
  public static let events: EventFilter = .only(.newMessage, .messageRead)
  /// Fails open: what is stored is synced later.
  public static let onError: FaultPolicy = .skip

  private let router: any Router
  private let ephemeral: EphemeralMessages?

  /// Needs the durable id or, with `ephemeral`, identity alone.
  public static func requirements(_ configuration: Configuration) -> Requirements {
    Requirements(needs: configuration.ephemeral == true ? [.identity] : [.durableID])
  }

  /// Starts the stage.
  ///
  /// - Throws: `StageStartError` where there is no router or, with `ephemeral`, no generator of message ids.
  public init(_ configuration: Configuration, _ context: StageContext) throws {
    router = try context.router
    ephemeral = configuration.ephemeral == true ? EphemeralMessages(ids: try context.messageIDs) : nil
  }

  /// Hands all deliveries of the batch to the router in one call.
  public func process(_ batch: inout EventBatch) {
    var deliveries: [Delivery] = []
    for index in batch.indices {
      do throws(Rejection) {
        if let ephemeral, batch[index][DeliveriesKey.self] == nil { try ephemeral.take(&batch[index]) }
        if let made = batch[index][DeliveriesKey.self] { deliveries += made }
      } catch {
        batch.reject(error, at: index)
      }
    }
    if !deliveries.isEmpty { router.deliver(deliveries) }
  }
}

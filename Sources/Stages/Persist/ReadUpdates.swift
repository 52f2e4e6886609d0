import Pipeline
import Services

/// Whom one `MESSAGE_READ` event tells what: the senders' and the reader's other devices of each message that it
/// changed; the connection it came on of every message it named.
struct ReadUpdates {
  /// What goes to devices, in the order of the receipts.
  private(set) var deliveries: [Delivery] = []
  /// What answers the event: the update of the last message, or an acknowledgement where it named none that the
  /// reader received.
  private(set) var answer = OutgoingEvent(.ack)
  /// The places in the feed of the changes that were made.
  private(set) var positions: [Position] = []

  /// What to tell of `receipts`, which `reader` gave on `connection`.
  init(_ receipts: [ReadReceipt], by reader: String, on connection: ConnectionID) {
    for (index, receipt) in receipts.enumerated() {
      let update = MessageEvents.read(receipt, by: reader)
      if let position = receipt.position {
        positions.append(position)
        if receipt.senderID != reader { deliveries.append(Delivery(to: receipt.senderID, update)) }
        deliveries.append(Delivery(to: reader, update, except: connection))
      }
      if index == receipts.count - 1 {
        answer = update
      } else {
        deliveries.append(Delivery(to: reader, update, only: connection))
      }
    }
    // A horizon is moved past changes in their order, which is not always that of the request.
    positions.sort()
  }
}

import Pipeline
import Services

/// Whom one event tells what of the messages that it changed: the other side's devices and, where `toOwnDevices` says
/// so, the other devices of whoever sent it. The connection it came on hears of every message that it named.
struct ChangeUpdates {
  /// What goes to devices, in the order of the changes.
  private(set) var deliveries: [Delivery] = []
  /// What answers the event: the update of the last message, or an acknowledgement where it named none.
  let answer: OutgoingEvent
  /// The places in the feed of the changes that were made, in rising order.
  let positions: Few<Position>

  /// What to tell of `changes`, which `user` made on `connection`; `update` encodes one of them.
  init(
    _ changes: Few<MessageChange>, by user: String, on connection: ConnectionID, toOwnDevices: Bool,
    _ update: (MessageChange) -> OutgoingEvent
  ) {
    let perChange = toOwnDevices ? 2 : 1
    switch changes {
    case .one(let change):
      answer = update(change)
      positions = change.position.map { .one($0) } ?? []
      guard change.position != nil else { return }
      deliveries.reserveCapacity(perChange)
      Self.tell(of: change, answer, user, connection, toOwnDevices, &deliveries)
    case .many(let changes):
      deliveries.reserveCapacity(changes.count * perChange)
      var last: OutgoingEvent?
      for (index, change) in changes.enumerated() {
        let update = update(change)
        Self.tell(of: change, update, user, connection, toOwnDevices, &deliveries)
        if index == changes.count - 1 {
          last = update
        } else {
          deliveries.append(Delivery(to: user, update, only: connection))
        }
      }
      answer = last ?? OutgoingEvent(.ack)
      // A horizon is moved past changes in their order, which is not always that of the request.
      positions = Few(changes.compactMap(\.position).sorted())
    }
  }

  /// Tells devices of a change, where it was one.
  private static func tell(
    of change: MessageChange, _ update: OutgoingEvent, _ user: String, _ connection: ConnectionID,
    _ toOwnDevices: Bool, _ deliveries: inout [Delivery]
  ) {
    guard let position = change.position else { return }
    let other = change.senderID == user ? change.receiverID : change.senderID
    if other != user { deliveries.append(Delivery(to: other, update, at: position)) }
    if toOwnDevices { deliveries.append(Delivery(to: user, update, except: connection, at: position)) }
  }
}

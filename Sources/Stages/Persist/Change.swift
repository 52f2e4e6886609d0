import Pipeline
import Services

/// What one event asks of the store, and what becomes of the event by the store's answer.
enum Change: Sendable {
  /// A message to store.
  case message(NewMessage, senderName: String?, to: Audience)
  /// Messages that were delivered or read.
  case receipt(Receipt)
  /// A message to edit or delete.
  case revision(Revision)

  /// What to ask of the store.
  var write: StoreWrite {
    switch self {
    case .message(let message, _, let audience): .message(message, to: audience)
    case .receipt(let receipt): .receipt(receipt)
    case .revision(let revision): .revision(revision)
    }
  }

  /// Says on the event at `index` what the store answered.
  func report(_ result: WriteResult, on batch: inout EventBatch, at index: Int) {
    switch (self, result) {
    case (_, .refused(let rejection)):
      batch.reject(rejection, at: index)
    case (.message, .unavailable):
      batch.reject(
        .unavailable, "the store can't be reached; send the event again with the same tempId", at: index)
    case (_, .unavailable):
      batch.reject(.unavailable, "the store can't be reached; send the event again", at: index)
    case (_, .unknown):
      batch.reject(.timeout, "the store was lost meanwhile; send the event again to find out", at: index)
    case (.message(let message, let senderName, _), .stored(let id, let position)):
      Self.tell(of: message, senderName, storedAs: id, at: position, on: &batch[index])
    case (.message(let message, _, _), .duplicate(let id)):
      batch[index].answer(MessageEvents.sent(id, tempID: message.tempID, .duplicate))
      batch[index][DeliveriesKey.self] = []
    case (.receipt(let receipt), .changed(let changes)):
      let updates = ChangeUpdates(
        changes, by: receipt.userID, on: batch[index].connection.id, toOwnDevices: receipt.kind == .read
      ) { MessageEvents.receipt(receipt.kind, $0) }
      Self.tell(updates, on: &batch[index])
    case (.revision(let revision), .changed(let changes)):
      let updates = ChangeUpdates(
        changes, by: revision.userID, on: batch[index].connection.id, toOwnDevices: true
      ) { MessageEvents.revision(revision.kind, $0) }
      Self.tell(updates, on: &batch[index])
    case (_, .stored), (_, .duplicate), (_, .changed), (_, .linked), (_, .known), (_, .kept), (_, .taken),
      (_, .marks),
      (_, .done):
      batch.fail(MisplacedResult(), at: index)
    }
  }

  private static func tell(
    of message: NewMessage, _ senderName: String?, storedAs id: MessageID, at position: Position,
    on event: inout Event
  ) {
    var message = message
    message.id = id
    event.answer(MessageEvents.sent(id, tempID: message.tempID))
    event[DeliveriesKey.self] = MessageEvents.deliveries(
      of: message, senderName: senderName, sentOn: event.connection.id, at: position)
    event[PositionsKey.self] = [position]
    event[StoredSendKey.self] = SentMessage(id: id, digest: message.digest)
  }

  private static func tell(_ updates: ChangeUpdates, on event: inout Event) {
    event.answer(updates.answer)
    event[DeliveriesKey.self] = updates.deliveries
    event[PositionsKey.self] = updates.positions
  }
}

/// The store answered a change with the result of another kind.
struct MisplacedResult: Error, CustomStringConvertible {
  let description = "the store's answer does not fit the change"
}

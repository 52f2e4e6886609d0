import Pipeline
import Services

/// What becomes of events by the store's answers to what they have asked of it.
struct StoreAnswers: Sendable {
  /// The names that users have chosen.
  let names: NameBook?

  /// Says on the event at `index` what the store has answered to its change.
  func report(_ result: WriteResult, to write: StoreWrite, on batch: inout EventBatch, at index: Int) {
    switch result {
    case .refused(let rejection): batch.reject(rejection, at: index)
    case .unavailable:
      let advice = if case .message = write { " with the same tempId" } else { "" }
      batch.reject(.unavailable, "the store can't be reached; send the event again\(advice)", at: index)
    case .unknown:
      batch.reject(.timeout, "the store was lost meanwhile; send the event again to find out", at: index)
    case .stored(let id, let position):
      guard case .message(let message, _) = write else { return batch.fail(MisplacedResult(), at: index) }
      tell(of: message, storedAs: id, at: position, on: &batch[index])
    case .duplicate(let id):
      guard case .message(let message, _) = write else { return batch.fail(MisplacedResult(), at: index) }
      batch[index].answer(MessageEvents.sent(id, tempID: message.tempID, .duplicate))
      batch[index][DeliveriesKey.self] = []
    case .changed(let changes): tell(of: changes, by: write, on: &batch, at: index)
    case .linked, .known, .kept, .taken, .marks, .done: batch.fail(MisplacedResult(), at: index)
    }
  }

  private func tell(
    of message: NewMessage, storedAs id: MessageID, at position: Position, on event: inout Event
  ) {
    let senderName = names?[message.senderID] ?? event.identity?.name
    var message = message
    message.id = id
    event.answer(MessageEvents.sent(id, tempID: message.tempID))
    event[DeliveriesKey.self] = MessageEvents.deliveries(
      of: message, senderName: senderName, sentOn: event.connection.id, at: position)
    event[PositionsKey.self] = .one(position)
    event[StoredSendKey.self] = SentMessage(id: id, digest: message.digest)
  }

  private func tell(
    of changes: Few<MessageChange>, by write: StoreWrite, on batch: inout EventBatch, at index: Int
  ) {
    let updates: ChangeUpdates
    switch write {
    case .receipt(let receipt):
      updates = ChangeUpdates(
        changes, by: receipt.userID, on: batch[index].connection.id, toOwnDevices: receipt.kind == .read
      ) { MessageEvents.receipt(receipt.kind, $0) }
    case .revision(let revision):
      updates = ChangeUpdates(
        changes, by: revision.userID, on: batch[index].connection.id, toOwnDevices: true
      ) { MessageEvents.revision(revision.kind, $0) }
    default: return batch.fail(MisplacedResult(), at: index)
    }
    batch[index].answer(updates.answer)
    batch[index][DeliveriesKey.self] = updates.deliveries
    batch[index][PositionsKey.self] = updates.positions
  }
}

/// The store answered a change with the result of another kind.
struct MisplacedResult: Error, CustomStringConvertible {
  let description = "the store's answer does not fit the change"
}

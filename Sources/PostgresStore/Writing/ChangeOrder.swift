import Pipeline
import Services

/// Puts receipts, edits and deletions into as few steps as keep the order of what happens to each message.
///
/// Receipts share a step. What reads up to a message, edits or deletes is a step of its own, and whatever comes later
/// comes behind it.
struct ChangeOrder {
  private var finished: [WritePlan.Step] = []
  /// The last step, as long as it is one of receipts: kept apart, so that it grows in place.
  private var receipts = ReceiptStep()
  private let now: Timestamp

  init(at now: Timestamp) { self.now = now }

  /// The steps, in their order.
  var steps: [WritePlan.Step] { receipts.isEmpty ? finished : finished + [.receipts(receipts)] }

  mutating func add(_ receipt: Receipt, at index: Int) {
    guard case .messages(let ids) = receipt.target else {
      return addSingle(.receipt(receipt), at: index)
    }
    receipts.add(receipt, ids, at: index)
  }

  mutating func add(_ revision: Revision, at index: Int) { addSingle(.revision(revision), at: index) }

  private mutating func addSingle(_ write: StoreWrite, at index: Int) {
    if !receipts.isEmpty {
      finished.append(.receipts(receipts))
      receipts = ReceiptStep()
    }
    finished.append(.single(SingleStep(write, index: index, at: now)))
  }
}

import Pipeline
import Services

/// Puts receipts, edits and deletions into as few steps as keep the order of what happens to each message.
///
/// Receipts share a step. What reads up to a message, edits or deletes is a step of its own, and whatever comes later
/// comes behind it.
struct ChangeOrder {
  private(set) var steps: [WritePlan.Step] = []
  private let now: Timestamp

  init(at now: Timestamp) { self.now = now }

  mutating func add(_ receipt: Receipt, at index: Int) {
    guard case .messages(let ids) = receipt.target else {
      return addSingle(.receipt(receipt), at: index)
    }
    if case .receipts(var step) = steps.last {
      step.add(receipt, ids, at: index)
      steps[steps.count - 1] = .receipts(step)
    } else {
      var step = ReceiptStep()
      step.add(receipt, ids, at: index)
      steps.append(.receipts(step))
    }
  }

  mutating func add(_ revision: Revision, at index: Int) { addSingle(.revision(revision), at: index) }

  private mutating func addSingle(_ write: StoreWrite, at index: Int) {
    steps.append(.single(SingleStep(write, index: index, at: now)))
  }
}

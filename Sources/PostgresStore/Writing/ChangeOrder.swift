import Pipeline
import Services

/// Puts receipts, edits and deletions into as few steps as keep the order of what happens to each message.
///
/// A receipt joins the first step behind the last that touches one of its messages. What reads up to a message, edits or
/// deletes is a step of its own, and whatever comes later comes behind it.
struct ChangeOrder {
  private(set) var steps: [WritePlan.Step] = []
  /// The last step that touches a message.
  private var last: [MessageID: Int] = [:]
  /// No receipt goes before this step.
  private var barrier = 0
  private let now: Timestamp

  init(at now: Timestamp) { self.now = now }

  mutating func add(_ receipt: Receipt, at index: Int) {
    guard case .messages(let ids) = receipt.target else {
      return addSingle(.receipt(receipt), at: index)
    }
    let place = ids.reduce(barrier) { max($0, last[$1].map { $0 + 1 } ?? 0) }
    if place < steps.count, case .receipts(var step) = steps[place] {
      step.add(receipt, ids, at: index)
      steps[place] = .receipts(step)
    } else {
      var step = ReceiptStep()
      step.add(receipt, ids, at: index)
      steps.append(.receipts(step))
    }
    for id in ids { last[id] = min(place, steps.count - 1) }
  }

  mutating func add(_ revision: Revision, at index: Int) { addSingle(.revision(revision), at: index) }

  private mutating func addSingle(_ write: StoreWrite, at index: Int) {
    steps.append(.single(SingleStep(write, index: index, at: now)))
    barrier = steps.count
  }
}

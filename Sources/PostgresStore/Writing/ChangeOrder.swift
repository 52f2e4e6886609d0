import Pipeline
import Services

/// Puts receipts, edits and deletions into as few steps as keep the order of what happens to each message.
///
/// Receipts of one message share a step, and those of several share another behind it. What reads up to a message, edits
/// or deletes is a step of its own, and whatever comes later comes behind it.
struct ChangeOrder {
  private var finished: [WritePlan.Step] = []
  /// The last steps, as long as they are of receipts: kept apart, so that they grow in place.
  private var receipts = ReceiptStep()
  private var gathered = GatheredReceiptStep()
  private let now: Timestamp

  init(at now: Timestamp) { self.now = now }

  /// The steps, in their order.
  var steps: [WritePlan.Step] { finished + open }

  private var open: [WritePlan.Step] {
    (receipts.isEmpty ? [] : [.receipts(receipts)]) + (gathered.isEmpty ? [] : [.gatheredReceipts(gathered)])
  }

  mutating func add(_ receipt: Receipt, at index: Int) {
    guard case .messages(let ids) = receipt.target else {
      return addSingle(.receipt(receipt), at: index)
    }
    if ids.count == 1 {
      if gathered.names(ids[0]) { close() }
      receipts.add(receipt, of: ids[0], at: index)
    } else {
      gathered.add(receipt, ids, at: index)
    }
  }

  mutating func add(_ revision: Revision, at index: Int) { addSingle(.revision(revision), at: index) }

  private mutating func addSingle(_ write: StoreWrite, at index: Int) {
    close()
    finished.append(.single(SingleStep(write, index: index, at: now)))
  }

  private mutating func close() {
    finished += open
    receipts = ReceiptStep()
    gathered = GatheredReceiptStep()
  }
}

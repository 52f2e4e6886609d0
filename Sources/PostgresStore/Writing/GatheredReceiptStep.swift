import Pipeline
import Services

/// Receipts that name several messages each, by one call of `mark_messages`: all that one names are marked, or none.
struct GatheredReceiptStep {
  /// One receipt: the messages that it names, each once, are some of the step's.
  private struct Request {
    let index: Int
    let receipt: Receipt
    /// As they were named.
    let named: Few<MessageID>
    let places: Range<Int>
  }

  private var requests: [Request] = []
  private var ids: [MessageID] = []
  private var named: Set<MessageID> = []
  var firstSlot = 0

  var isEmpty: Bool { requests.isEmpty }
  var count: Int { ids.count }

  /// Whether one of the receipts names a message.
  func names(_ message: MessageID) -> Bool { named.contains(message) }

  mutating func add(_ receipt: Receipt, _ named: Few<MessageID>, at index: Int) {
    let start = ids.count
    var seen: Set<MessageID> = []
    ids += named.filter { seen.insert($0).inserted }
    self.named.formUnion(seen)
    requests.append(Request(index: index, receipt: receipt, named: named, places: start..<ids.count))
  }

  var statement: PostgresStatement {
    var (indexes, readers): ([Int64?], [String?]) = ([], [])
    var (reads, moments): ([Bool], [Int64?]) = ([], [])
    for request in requests {
      for _ in request.places {
        indexes.append(Int64(request.index))
        readers.append(request.receipt.userID)
        reads.append(request.receipt.kind == .read)
        moments.append(request.receipt.at.milliseconds)
      }
    }
    return PostgresStatement(
      "SELECT * FROM mark_messages($1, $2, $3, $4, $5, $6)",
      [
        .integers(indexes), .integers(ids.map { Int64(bitPattern: $0.rawValue) }), .texts(readers),
        .bools(reads),
        .integers(moments), .integers((firstSlot..<firstSlot + count).map { Int64($0) }),
      ])
  }

  func read(_ answer: PostgresResult, into outcome: inout WriteOutcome) {
    for request in requests {
      // A request that can't be carried out says so of each of its messages.
      let fault = request.places.first.map { answer.integer($0, 0) } ?? 0
      if fault != 0 {
        outcome.results[request.index] = .refused(.receipt(fault))
        continue
      }
      let changes = request.places.map { change(answer, $0) }
      outcome.positions += changes.compactMap(\.position)
      outcome.results[request.index] = .changed(
        Few(changes.count == request.named.count ? changes : Self.repeated(changes, as: request.named)))
    }
  }

  private func change(_ answer: PostgresResult, _ row: Int) -> MessageChange {
    MessageChange(
      messageID: ids[row], senderID: answer.text(row, 1), receiverID: answer.text(row, 2),
      at: Timestamp(milliseconds: answer.integer(row, 3)), version: Int(answer.integer(row, 4)),
      position: answer.optionalInteger(row, 5).map { UInt64($0) })
  }

  /// Of a message that is named twice, the second naming changed nothing.
  private static func repeated(_ changes: [MessageChange], as named: Few<MessageID>) -> [MessageChange] {
    var open = Dictionary(uniqueKeysWithValues: changes.map { ($0.messageID, $0) })
    return named.compactMap { id in
      guard let change = open[id] else { return nil }
      open[id]?.position = nil
      return change
    }
  }
}

import Pipeline
import Services

/// Receipts that name one message each, by one call of `mark_each`: what they say of a message is put together here, so
/// that it is changed once.
struct ReceiptStep {
  /// One receipt: which of the marks it belongs to, and its place in the feed, counted from the step's first.
  private struct Request {
    let index: Int
    let kind: Receipt.Kind
    let mark: Int
    let slot: Int
  }

  /// What a user says of a message.
  private struct Mark {
    let key: Key
    var delivered: Word?
    var read: Word?
  }

  private struct Key: Hashable {
    let message: MessageID
    let reader: ExactText

    /// Two seldom speak of one message, so that its id is enough to look by.
    func hash(into hasher: inout Hasher) { hasher.combine(message) }
  }

  /// The first receipt of its kind.
  private struct Word {
    let slot: Int
    let at: Timestamp
  }

  private var requests: [Request] = []
  private var marks: [Mark] = []
  private var placeOfMark: [Key: Int] = [:]
  var firstSlot = 0

  var isEmpty: Bool { requests.isEmpty }
  var count: Int { requests.count }

  mutating func add(_ receipt: Receipt, of message: MessageID, at index: Int) {
    let mark = mark(Key(message: message, reader: ExactText(receipt.userID)))
    let word = Word(slot: requests.count, at: receipt.at)
    switch receipt.kind {
    // What is read is delivered: saying so later changes nothing.
    case .delivered where marks[mark].delivered == nil && marks[mark].read == nil:
      marks[mark].delivered = word
    case .read where marks[mark].read == nil: marks[mark].read = word
    default: break
    }
    requests.append(Request(index: index, kind: receipt.kind, mark: mark, slot: word.slot))
  }

  private mutating func mark(_ key: Key) -> Int {
    // A client mostly says both of a message in one breath.
    if let last = marks.indices.last, marks[last].key == key { return last }
    if let place = placeOfMark[key] { return place }
    marks.append(Mark(key: key))
    placeOfMark[key] = marks.count - 1
    return marks.count - 1
  }

  var statement: PostgresStatement {
    var (ids, readers) = (PostgresArray(of: .bigint), PostgresArray(of: .text))
    var (deliveredSlots, deliveredMoments) = (PostgresArray(of: .bigint), PostgresArray(of: .bigint))
    var (readSlots, readMoments) = (PostgresArray(of: .bigint), PostgresArray(of: .bigint))
    for mark in marks {
      ids.append(mark.key.message.rawValue)
      readers.append(mark.key.reader.text)
      deliveredSlots.append(mark.delivered.map { Int64(firstSlot + $0.slot) })
      deliveredMoments.append(mark.delivered?.at.milliseconds)
      readSlots.append(mark.read.map { Int64(firstSlot + $0.slot) })
      readMoments.append(mark.read?.at.milliseconds)
    }
    return PostgresStatement(
      "SELECT * FROM mark_each($1, $2, $3, $4, $5, $6)",
      [
        .array(ids), .array(readers), .array(deliveredSlots), .array(deliveredMoments), .array(readSlots),
        .array(readMoments),
      ])
  }

  func read(_ answer: PostgresResult, into outcome: inout WriteOutcome) {
    var rowOfMark = [Int?](repeating: nil, count: marks.count)
    for row in answer.rows { rowOfMark[Int(answer.integer(row, 0)) - 1] = row }
    for request in requests {
      guard let row = rowOfMark[request.mark] else {
        outcome.results[request.index] = .unavailable("the database said nothing of a receipt")
        continue
      }
      if let fault = answer.optionalInteger(row, 1), fault != 0 {
        outcome.results[request.index] = .refused(.receipt(fault))
        continue
      }
      let change = change(of: request, answer, row)
      if let position = change.position { outcome.positions.append(position) }
      outcome.results[request.index] = .changed(.one(change))
    }
  }

  private func change(of request: Request, _ answer: PostgresResult, _ row: Int) -> MessageChange {
    let mark = marks[request.mark]
    let isDelivery = request.kind == .delivered
    // Only the first of its kind can have changed anything.
    let isFirst = (isDelivery ? mark.delivered : mark.read)?.slot == request.slot
    let position = isFirst ? answer.optionalInteger(row, isDelivery ? 7 : 8) : nil
    return MessageChange(
      messageID: mark.key.message, senderID: answer.text(row, 2), receiverID: mark.key.reader.text,
      at: Timestamp(milliseconds: answer.integer(row, isDelivery ? 4 : 5)),
      version: Int(answer.integer(row, isDelivery && position != nil ? 6 : 3)),
      position: position.map { UInt64($0) })
  }
}

extension Rejection {
  /// What the functions of the database say by a number about a receipt.
  static func receipt(_ fault: Int64) -> Rejection {
    fault == 1 ? .noSuchMessage : Rejection(.forbidden, "only the receiver can say this of a message")
  }
}

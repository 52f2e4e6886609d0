import Pipeline
import Services

/// Receipts of named messages, by one call of `mark_messages`.
struct ReceiptStep {
  private struct Entry {
    let index: Int
    let id: MessageID
  }

  private var receipts: [Int: Receipt] = [:]
  private var entries: [Entry] = []
  var firstSlot = 0

  var count: Int { entries.count }

  mutating func add(_ receipt: Receipt, _ ids: [MessageID], at index: Int) {
    receipts[index] = receipt
    var named: Set<MessageID> = []
    for id in ids where named.insert(id).inserted { entries.append(Entry(index: index, id: id)) }
  }

  var statement: PostgresStatement {
    var (requests, ids, readers): ([Int64?], [Int64?], [String?]) = ([], [], [])
    var (reads, moments, slots): ([Bool], [Int64?], [Int64?]) = ([], [], [])
    for (offset, entry) in entries.enumerated() {
      guard let receipt = receipts[entry.index] else { continue }
      requests.append(Int64(entry.index))
      ids.append(Int64(bitPattern: entry.id.rawValue))
      readers.append(receipt.userID)
      reads.append(receipt.kind == .read)
      moments.append(receipt.at.milliseconds)
      slots.append(Int64(firstSlot + offset))
    }
    return PostgresStatement(
      "SELECT * FROM mark_messages($1, $2, $3, $4, $5, $6)",
      [
        .integers(requests), .integers(ids), .texts(readers), .bools(reads), .integers(moments),
        .integers(slots),
      ])
  }

  func read(_ answer: PostgresResult, into results: inout [WriteResult]) {
    var changes: [Int: [MessageID: MessageChange]] = [:]
    for row in answer.rows {
      let entry = entries[row]
      switch answer.integer(row, 0) {
      case 0:
        changes[entry.index, default: [:]][entry.id] = MessageChange(
          messageID: entry.id, senderID: answer.text(row, 1), receiverID: answer.text(row, 2),
          at: Timestamp(milliseconds: answer.integer(row, 3)), version: Int(answer.integer(row, 4)),
          position: answer.optionalInteger(row, 5).map { UInt64($0) })
      case let fault: results[entry.index] = .refused(.receipt(fault))
      }
    }
    for (index, found) in changes {
      guard case .messages(let ids) = receipts[index]?.target else { continue }
      var told: Set<MessageID> = []
      results[index] = .changed(
        ids.compactMap { id in
          guard var change = found[id] else { return nil }
          // Of a message that is named twice, the second naming changed nothing.
          if !told.insert(id).inserted { change.position = nil }
          return change
        })
    }
  }
}

extension Rejection {
  /// What the functions of the database say by a number about a receipt.
  static func receipt(_ fault: Int64) -> Rejection {
    fault == 1 ? .noSuchMessage : Rejection(.forbidden, "only the receiver can say this of a message")
  }
}

import Pipeline
import Services

/// Messages to be stored, by one call of `store_messages`.
struct MessageStep {
  /// What is asked of each, as the call takes it.
  private struct Columns {
    var ids = PostgresArray(of: .bigint)
    var senders = PostgresArray(of: .text)
    var tempIDs = PostgresArray(of: .text)
    var receivers = PostgresArray(of: .text)
    var contents = PostgresArray(of: .text)
    var metadatas = PostgresArray(of: .text)
    var replies = PostgresArray(of: .bigint)
    var digests = PostgresArray(of: .bigint)
    var restrictions = PostgresArray(of: .bool)
  }

  private var columns = Columns()
  /// Which of the batch's changes each is, and what its body gives.
  private var requests: [(index: Int, digest: UInt64)] = []

  var count: Int { requests.count }
  var isEmpty: Bool { requests.isEmpty }

  mutating func add(_ message: NewMessage, _ audience: Audience, at index: Int) {
    columns.ids.append(message.id.rawValue)
    columns.senders.append(message.senderID)
    columns.tempIDs.append(message.tempID)
    columns.receivers.append(message.receiverID)
    columns.contents.append(message.content)
    columns.metadatas.append(message.metadata)
    columns.replies.append(message.replyTo.map { Int64(bitPattern: $0.rawValue) })
    columns.digests.append(message.digest)
    columns.restrictions.append(audience == .connections)
    requests.append((index, message.digest))
  }

  var statement: PostgresStatement {
    PostgresStatement(
      "SELECT * FROM store_messages($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      [
        .array(columns.ids), .array(columns.senders), .array(columns.tempIDs), .array(columns.receivers),
        .array(columns.contents), .array(columns.metadatas), .array(columns.replies), .array(columns.digests),
        .array(columns.restrictions),
      ])
  }

  func read(_ answer: PostgresResult, into outcome: inout WriteOutcome) {
    for row in answer.rows {
      let result = result(answer, row)
      if case .stored(_, let position) = result { outcome.positions.append(position) }
      outcome.results[requests[row].index] = result
    }
  }

  private func result(_ answer: PostgresResult, _ row: Int) -> WriteResult {
    switch answer.integer(row, 2) {
    case 1: return .refused(Rejection(.forbidden, "this user takes no messages from you"))
    case 2: return .refused(Rejection(.notFound, "data.replyTo is not a message of this conversation"))
    default: break
    }
    let id = MessageID(rawValue: UInt64(bitPattern: answer.integer(row, 0)))
    if let place = answer.optionalInteger(row, 3) { return .stored(id, UInt64(bitPattern: place)) }
    guard UInt64(bitPattern: answer.integer(row, 1)) == requests[row].digest else {
      return .refused(Rejection(.invalidEvent, "data.tempId was used for another message"))
    }
    return .duplicate(id)
  }
}

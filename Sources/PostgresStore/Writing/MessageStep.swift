import Pipeline
import Services

/// Messages to be stored, by one call of `store_messages`.
struct MessageStep {
  private var indices: [Int] = []
  private var messages: [NewMessage] = []
  private var restricted: [Bool] = []

  var count: Int { messages.count }
  var isEmpty: Bool { messages.isEmpty }

  mutating func add(_ message: NewMessage, _ audience: Audience, at index: Int) {
    indices.append(index)
    messages.append(message)
    restricted.append(audience == .connections)
  }

  var statement: PostgresStatement {
    PostgresStatement(
      "SELECT * FROM store_messages($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      [
        .integers(messages.map { Int64(bitPattern: $0.id.rawValue) }),
        .texts(messages.map(\.senderID)), .texts(messages.map(\.tempID)),
        .texts(messages.map(\.receiverID)), .texts(messages.map(\.content)),
        .texts(messages.map(\.metadata)),
        .integers(messages.map { $0.replyTo.map { Int64(bitPattern: $0.rawValue) } }),
        .integers(messages.map { Int64(bitPattern: $0.digest) }),
        .bools(restricted),
      ])
  }

  func read(_ answer: PostgresResult, into results: inout [WriteResult]) {
    for row in answer.rows {
      results[indices[row]] = result(of: messages[row], answer, row)
    }
  }

  private func result(of message: NewMessage, _ answer: PostgresResult, _ row: Int) -> WriteResult {
    switch answer.integer(row, 2) {
    case 1: return .refused(Rejection(.forbidden, "this user takes no messages from you"))
    case 2: return .refused(Rejection(.notFound, "data.replyTo is not a message of this conversation"))
    default: break
    }
    let id = MessageID(rawValue: UInt64(bitPattern: answer.integer(row, 0)))
    if let place = answer.optionalInteger(row, 3) { return .stored(id, UInt64(bitPattern: place)) }
    guard UInt64(bitPattern: answer.integer(row, 1)) == message.digest else {
      return .refused(Rejection(.invalidEvent, "data.tempId was used for another message"))
    }
    return .duplicate(id)
  }
}

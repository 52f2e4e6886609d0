import Pipeline
import Services

extension SingleStep {
  /// Marks all up to a message as read.
  func readUpTo(_ receipt: Receipt) -> PostgresStatement {
    var last = MessageID(rawValue: 0)
    if case .upTo(let id) = receipt.target { last = id }
    return PostgresStatement(
      "SELECT * FROM read_up_to($1, $2, $3, $4)",
      [
        .integer(last.rawValue), .text(receipt.userID), .integer(receipt.at.milliseconds),
        .integer(Int64(slot)),
      ])
  }

  func readUpToResult(_ receipt: Receipt, _ answer: PostgresResult) -> WriteResult {
    if let row = answer.rows.first, answer.integer(row, 0) != 0 {
      return .refused(.receipt(answer.integer(row, 0)))
    }
    return .changed(
      Few(
        answer.rows.map { row in
          MessageChange(
            messageID: MessageID(rawValue: UInt64(bitPattern: answer.integer(row, 1))),
            senderID: answer.text(row, 2), receiverID: receipt.userID,
            at: Timestamp(milliseconds: answer.integer(row, 3)), version: Int(answer.integer(row, 4)),
            position: answer.optionalInteger(row, 5).map { UInt64($0) })
        }))
  }

  /// Edits or deletes a message.
  func revise(_ revision: Revision) -> PostgresStatement {
    var content: String?
    if case .edit(let text) = revision.kind { content = text }
    return PostgresStatement(
      "SELECT * FROM revise_message($1, $2, $3, $4, $5)",
      [
        .integer(revision.messageID.rawValue), .text(revision.userID), .text(content),
        .integer(revision.at.milliseconds), .integer(Int64(slot)),
      ])
  }

  func revisionResult(_ revision: Revision, _ answer: PostgresResult) -> WriteResult {
    guard let row = answer.rows.first else { return .refused(.noSuchMessage) }
    switch answer.integer(row, 0) {
    case 1: return .refused(.noSuchMessage)
    case 2: return .refused(Rejection(.forbidden, "only the sender may change a message"))
    case 3: return .refused(Rejection(.notFound, "the message has been deleted"))
    default:
      return .changed([
        MessageChange(
          messageID: revision.messageID, senderID: revision.userID, receiverID: answer.text(row, 1),
          at: Timestamp(milliseconds: answer.integer(row, 2)), version: Int(answer.integer(row, 3)),
          position: answer.optionalInteger(row, 4).map { UInt64($0) })
      ])
    }
  }

  /// Does what a user wants about a connection with another, then looks how they stand.
  func link(_ request: LinkRequest) -> [PostgresStatement] {
    let action =
      switch request.action {
      case .request: "request"
      case .accept: "accept"
      case .block: "block"
      case .remove: "remove"
      }
    return [
      PostgresStatement(
        "SELECT change_link($1, $2, $3, $4)",
        [
          .text(action), .text(request.userID), .text(request.peerID), .integer(request.at.milliseconds),
        ]),
      PostgresStatement(
        """
        SELECT peer, 2::bigint, true FROM blocks WHERE user_id = $1 AND peer = $2
          UNION ALL SELECT peer, accepted::int::bigint, outgoing FROM links WHERE user_id = $1 AND peer = $2
        """, [.text(request.userID), .text(request.peerID)]),
    ]
  }

  func linkResult(_ request: LinkRequest, _ done: PostgresResult, _ found: PostgresResult) -> WriteResult {
    switch done.integer(0, 0) {
    case 1: .refused(Rejection(.forbidden, "this user takes no requests from you"))
    case 2: .refused(Rejection(.forbidden, "nobody accepts a request of their own"))
    case 3: .refused(Rejection(.notFound, "this user has not asked you for a connection"))
    default: .linked(found.rows.first.map { Link(found, $0) })
    }
  }
}

extension Link {
  /// A row of peer, accepted (2 for a block) and outgoing.
  init(_ result: PostgresResult, _ row: Int) {
    let status: Status =
      switch result.integer(row, 1) {
      case 0: .pending
      case 1: .accepted
      default: .blocked
      }
    self.init(
      peerID: result.text(row, 0), status: status, direction: result.bool(row, 2) ? .outgoing : .incoming)
  }
}

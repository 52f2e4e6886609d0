import NIOHTTP1
import Pipeline
import Services

/// A request about one dead letter: `/dead-letters/ID`, or `/dead-letters/ID/replay`.
struct LetterRequest: Sendable {
  enum Wish: Sendable { case show, replay, drop }

  let id: Int64
  let wish: Wish

  /// `nil` where it is another request.
  init?(_ method: HTTPMethod, _ query: QueryString) {
    guard let parts = query.pathParts, parts.count >= 2, parts[0] == "dead-letters", let id = Int64(parts[1])
    else { return nil }
    self.id = id
    switch (method, parts.count, parts.last) {
    case (.GET, 2, _): wish = .show
    case (.DELETE, 2, _): wish = .drop
    case (.POST, 3, "replay"): wish = .replay
    default: return nil
    }
  }
}

extension ControlDesk {
  /// Lists dead letters; `after` the id of one, at most `limit`.
  func letters(_ query: QueryString) async throws -> HTTPReply {
    let values = Dictionary(query.all.map { ($0.name, $0.value) }) { $1 }
    let limit = min(max(values["limit"].flatMap { Int($0) } ?? 100, 1), 1000)
    let found = try await letters.list(after: values["after"].flatMap { Int64($0) }, limit: limit)
    var writer = JSONObjectWriter(reserving: 4096)
    writer.array("letters", of: found) { item, letter in
      letter.write(to: &item)
    }
    return HTTPReply(status: .ok, body: writer.finish())
  }

  /// Shows, replays or drops one dead letter.
  func answer(_ request: LetterRequest) async throws -> HTTPReply {
    switch request.wish {
    case .show:
      guard let letter = try await letters.letter(request.id) else {
        throw Rejection(.notFound, "there is no letter \(request.id)")
      }
      var writer = JSONObjectWriter(reserving: letter.data.count + 512)
      letter.summary(request.id).write(to: &writer)
      writer.member("data", json: letter.data)
      return HTTPReply(status: .ok, body: writer.finish())
    case .replay:
      try await letters.replay(request.id, through: loop, as: shared.nextConnectionID())
      return HTTPReply(status: .noContent)
    case .drop:
      try await letters.drop([request.id])
      return HTTPReply(status: .noContent)
    }
  }
}

extension DeadLetter {
  /// What a list shows of it.
  fileprivate func summary(_ id: Int64) -> DeadLetterSummary {
    DeadLetterSummary(
      id: id, at: at, type: type, userID: userID, stage: stage, error: error, revision: revision, node: node,
      isStored: isStored, messageID: messageID, size: data.count)
  }
}

extension DeadLetterSummary {
  fileprivate func write(to item: inout JSONObjectWriter) {
    item.member("id", Int(id))
    item.member("at", at)
    item.member("type", type)
    if let userID { item.member("user", userID) }
    item.member("stage", stage)
    item.member("error", error)
    item.member("revision", revision)
    item.member("node", node)
    item.member("stored", isStored)
    if let messageID { item.member("messageId", messageID) }
    item.member("bytes", size)
  }
}

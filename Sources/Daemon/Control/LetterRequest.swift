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
      item.member("id", Int(letter.id))
      item.member("at", letter.at)
      item.member("type", letter.type)
      if let user = letter.userID { item.member("user", user) }
      item.member("stage", letter.stage)
      item.member("error", letter.error)
      item.member("revision", letter.revision)
      item.member("node", letter.node)
      if let id = letter.messageID { item.member("messageId", id.description) }
      item.member("bytes", letter.size)
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
      return HTTPReply(status: .ok, body: Self.json(of: letter, request.id))
    case .replay:
      try await letters.replay(request.id, through: loop, as: shared.nextConnectionID())
      return HTTPReply(status: .noContent)
    case .drop:
      try await letters.drop([request.id])
      return HTTPReply(status: .noContent)
    }
  }

  private static func json(of letter: DeadLetter, _ id: Int64) -> [UInt8] {
    var writer = JSONObjectWriter(reserving: letter.data.count + 512)
    writer.member("id", Int(id))
    writer.member("at", letter.at)
    writer.member("type", letter.type)
    if let user = letter.userID { writer.member("user", user) }
    writer.member("stage", letter.stage)
    writer.member("error", letter.error)
    writer.member("revision", letter.revision)
    writer.member("node", letter.node)
    if let id = letter.messageID { writer.member("messageId", id.description) }
    writer.member("data", json: letter.data)
    return writer.finish()
  }
}

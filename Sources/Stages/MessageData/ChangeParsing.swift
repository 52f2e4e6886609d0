import Pipeline
import Services

extension Receipt.Target {
  /// The most ids of one receipt.
  static let idLimit = 100

  /// What the data of a receipt names: exactly one of `messageId`, `messageIds` and, for `MESSAGE_READ`, `upTo`. An id
  /// that is named twice counts once, at its first place.
  ///
  /// - Throws: `INVALID_EVENT` where none or several are there or one is ill-typed, `PAYLOAD_TOO_LARGE` for more than
  ///   100 ids, `NOT_FOUND` where a text can be no message's id.
  init(_ data: EventData, for kind: Receipt.Kind) throws(Rejection) {
    switch (data.has("messageId"), data.has("messageIds"), data.has("upTo") && kind == .read) {
    case (true, false, false): self = .messages(.one(try data.messageID("messageId")))
    case (false, true, false): self = .messages(Few(try Self.ids(data)))
    case (false, false, true): self = .upTo(try data.messageID("upTo"))
    default:
      let names = kind == .read ? "messageId, messageIds and upTo" : "messageId and messageIds"
      throw Rejection(.invalidEvent, "data must have exactly one of \(names)")
    }
  }

  private static func ids(_ data: EventData) throws(Rejection) -> [MessageID] {
    guard let texts = data.strings("messageIds") else {
      throw Rejection(.invalidEvent, "data.messageIds must be an array of strings")
    }
    guard !texts.isEmpty else { throw Rejection(.invalidEvent, "data.messageIds must not be empty") }
    guard texts.count <= idLimit else {
      throw Rejection(.payloadTooLarge, "data.messageIds has more than \(idLimit) ids")
    }
    var seen: Set<MessageID> = []
    var ids: [MessageID] = []
    for text in texts {
      let id = try MessageID(naming: text, in: "messageIds")
      if seen.insert(id).inserted { ids.append(id) }
    }
    return ids
  }
}

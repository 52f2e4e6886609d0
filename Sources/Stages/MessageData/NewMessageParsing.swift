import Pipeline
import Services

/// Makes messages of the data of `NEW_MESSAGE` events.
struct NewMessageParser: Sendable {
  /// The most bytes of `content`, in UTF-8.
  let maxContent: Int

  /// The most bytes of `metadata`, as the JSON text it came as.
  static let maxMetadata = 8 * 1024
  /// The most bytes of `content` unless the configuration says otherwise.
  static let defaultMaxContent = 16 * 1024

  /// The message that `data` describes, sent by `sender`; it gets its id from `ids` once all else is in order.
  ///
  /// - Throws: `INVALID_EVENT` where a field is missing or ill-typed, `PAYLOAD_TOO_LARGE` where one is over its limit,
  ///   `NOT_FOUND` where `replyTo` can be no message's id.
  func message(_ data: EventData, from sender: String, _ ids: MessageIDGenerator) throws(Rejection)
    -> NewMessage
  {
    let tempID = try data.identifier("tempId")
    let receiverID = try data.identifier("receiverId")
    let content = try content(of: data)
    let metadata = try metadata(of: data)
    let replyTo = data.has("replyTo") ? try data.messageID("replyTo") : nil
    return NewMessage(
      id: ids.next(), senderID: sender, tempID: tempID, receiverID: receiverID, content: content,
      metadata: metadata, replyTo: replyTo)
  }

  /// The content that `data` holds, within the limit.
  ///
  /// - Throws: `INVALID_EVENT` where it is missing, ill-typed or empty, `PAYLOAD_TOO_LARGE` where it is too long.
  func content(of data: EventData) throws(Rejection) -> String {
    let content = try data.text("content")
    guard !content.isEmpty else { throw Rejection(.invalidEvent, "data.content must not be empty") }
    guard content.utf8.count <= maxContent else {
      throw Rejection(.payloadTooLarge, "data.content has more than \(maxContent) bytes")
    }
    return content
  }

  private func metadata(of data: EventData) throws(Rejection) -> String? {
    guard data.has("metadata") else { return nil }
    guard data.kind("metadata") == .object, let json = data.raw("metadata") else {
      throw Rejection(.invalidEvent, "data.metadata must be an object")
    }
    guard json.count <= Self.maxMetadata else {
      throw Rejection(.payloadTooLarge, "data.metadata has more than \(Self.maxMetadata) bytes")
    }
    return String(decoding: json, as: UTF8.self)
  }
}

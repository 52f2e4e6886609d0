import Pipeline
import Services

/// A send as it passed ``Dedup``. Its digest is that of the body at this place of the chain: a later stage may change
/// the body, and a repetition comes here as the first send did.
struct SeenSend: Sendable {
  let key: SendKey
  let digest: UInt64

  /// What `event` sends; `nil` where it is malformed, which the stage that stores messages explains to the client.
  init?(_ event: Event, scope: String) {
    guard event.type == .newMessage, let sender = event.identity?.userID,
      let tempID = event.data.string("tempId"), !tempID.isEmpty, tempID.utf8.count <= 4 * EventData.idLimit,
      let receiverID = event.data.string("receiverId"), let content = event.data.string("content")
    else { return nil }
    var digest = Digest()
    digest.combine(receiverID)
    digest.combine(content)
    for key in ["metadata", "replyTo"] {
      let json = event.data.has(key) ? event.data.raw(key) : nil
      digest.combine(json.map { String(decoding: $0, as: UTF8.self) })
    }
    key = SendKey(scope: scope, senderID: sender, tempID: tempID)
    self.digest = digest.value
  }
}

/// A send that the shared state was asked about. One object, since copies of its event are made on the way.
final class AskedSend: Sendable {
  let send: SeenSend
  let question: SendQuestion
  /// Which of the question's answers is its own.
  let place: Int

  init(_ send: SeenSend, in question: SendQuestion, at place: Int) {
    self.send = send
    self.question = question
    self.place = place
  }
}

/// The key under which ``Dedup`` finds again what it asked for: when the event comes to it, and when it has ended.
enum AskedSendKey: EventKey {
  typealias Value = AskedSend
}

import Pipeline
import Services

/// Messages that are delivered and stored nowhere: who is not connected never sees them.
struct EphemeralMessages: Sendable {
  private let ids: MessageIDGenerator
  private let parser = NewMessageParser(maxContent: NewMessageParser.defaultMaxContent)

  init(ids: MessageIDGenerator) { self.ids = ids }

  /// Answers an event and leaves its deliveries on it, as the stage that stores messages would.
  ///
  /// - Throws: a rejection where the event is malformed, or asks for what only a stored message can give.
  func take(_ event: inout Event) throws(Rejection) {
    guard let identity = event.identity else {
      throw Rejection(.unauthenticated, "only a known user may send \(event.type)")
    }
    guard event.type == .newMessage else {
      throw Rejection(.notFound, "messages are not stored here, so there is none to change")
    }
    let message = try parser.message(event.data, from: identity.userID, ids)
    event.answer(MessageEvents.sent(message.id, tempID: message.tempID, .ephemeral))
    event[DeliveriesKey.self] = MessageEvents.deliveries(
      of: message, senderName: identity.name, sentOn: event.connection.id)
  }
}

import Pipeline
import Services

/// What a `TYPING` event is to tell whom.
struct TypingNotice: Sendable {
  /// What its sender has to be allowed.
  let permit: PermitRequest
  /// What goes to the receiver.
  let delivery: Delivery

  /// - Throws: `UNAUTHENTICATED` where nobody is known to write, `INVALID_EVENT` where a field is missing or ill-typed.
  init(_ event: Event) throws(Rejection) {
    guard let user = event.identity?.userID else {
      throw Rejection(.unauthenticated, "only a known user may send \(event.type)")
    }
    let receiver = try event.data.identifier("receiverId")
    guard let isTyping = event.data.bool("isTyping") else {
      throw Rejection(.invalidEvent, "data.isTyping must be true or false")
    }
    permit = PermitRequest(from: user, to: receiver)
    delivery = Delivery(
      to: receiver, MessageEvents.typing(by: user, isTyping),
      except: receiver == user ? event.connection.id : nil)
  }
}

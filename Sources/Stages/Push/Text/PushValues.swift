/// What a push is about, as templates are filled with it.
struct PushValues: Sendable, Equatable {
  var sender: String
  var senderID: String
  var content: String
  var messageID: String
  var conversation: String
  var receiverID: String

  /// The value of a place in a template.
  func value(of place: PushTemplate.Place) -> String {
    switch place {
    case .sender: sender
    case .senderID: senderID
    case .content: content
    case .messageID: messageID
    case .conversation: conversation
    case .receiverID: receiverID
    }
  }
}

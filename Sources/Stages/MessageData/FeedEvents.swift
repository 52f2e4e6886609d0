import Pipeline
package import Services

/// What devices are told of a change that was read from the feed, since nobody told them of it when it was made.
package enum FeedEvents {
  /// Which of some users are to be told of the change at a place in the feed: asked once for each place.
  package typealias Claim = (_ position: Position, _ users: [String]) -> [String]

  /// Tells both sides' devices of a message that is new to them.
  package static func new(_ entry: FeedPage.Entry, _ claim: Claim) -> [Delivery] {
    let message = entry.message
    let users = claim(entry.places.born, sides(of: message))
    guard !users.isEmpty else { return [] }
    let event = OutgoingEvent(.newMessage) { data in
      data.member("messageId", message.id)
      data.member("senderId", message.senderID)
      if let senderName = message.senderName { data.member("senderName", senderName) }
      data.member("receiverId", message.receiverID)
      data.member("content", message.content)
      data.member("timestamp", message.id.timestamp)
      if let metadata = message.metadata { data.member("metadata", json: metadata.utf8) }
      if let replyTo = message.replyTo { data.member("replyTo", replyTo) }
      // What became of it since is told of behind it.
      data.member("version", 1)
    }
    return users.map { Delivery(to: $0, event, at: entry.places.born) }
  }

  /// Tells of what became of a message, of each change whom nobody has told.
  package static func changes(of entry: FeedPage.Entry, _ claim: Claim) -> [Delivery] {
    let (message, places) = (entry.message, entry.places)
    var deliveries: [Delivery] = []
    func tell(
      _ place: FeedPage.Place?, _ time: Timestamp?, _ users: [String],
      _ event: (MessageChange) -> OutgoingEvent
    ) {
      guard let place, let time else { return }
      let untold = claim(place.position, users)
      guard !untold.isEmpty else { return }
      let event = event(change(message, time, place))
      deliveries += untold.map { Delivery(to: $0, event, at: place.position) }
    }
    let both = sides(of: message)
    if message.deletedAt == nil {
      tell(places.edited, message.editedAt, both) {
        MessageEvents.revision(.edit(content: message.content), $0)
      }
    }
    tell(places.deleted, message.deletedAt, both) { MessageEvents.revision(.delete, $0) }
    tell(places.delivered, message.deliveredAt, [message.senderID]) { MessageEvents.receipt(.delivered, $0) }
    tell(places.read, message.readAt, both) { MessageEvents.receipt(.read, $0) }
    return deliveries
  }

  private static func change(
    _ message: StoredMessage, _ time: Timestamp, _ place: FeedPage.Place
  ) -> MessageChange {
    MessageChange(
      messageID: message.id, senderID: message.senderID, receiverID: message.receiverID, at: time,
      version: place.version, position: place.position)
  }

  private static func sides(of message: StoredMessage) -> [String] {
    message.senderID == message.receiverID ? [message.senderID] : [message.receiverID, message.senderID]
  }
}

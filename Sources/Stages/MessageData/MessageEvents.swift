import Pipeline
import Services

/// The events that tell clients about messages, each encoded once however many receive it.
enum MessageEvents {
  /// How safe a message is that its sender is told of.
  enum Safety {
    /// It is stored.
    case durable
    /// The same send had been stored before.
    case duplicate
    /// It is stored nowhere.
    case ephemeral
  }

  /// Tells the sender under which id a message was taken.
  static func sent(_ id: MessageID, tempID: String, _ safety: Safety = .durable) -> OutgoingEvent {
    OutgoingEvent(.messageSent) { data in
      data.member("tempId", tempID)
      data.member("messageId", id)
      data.member("timestamp", id.timestamp)
      switch safety {
      case .durable: break
      case .duplicate: data.member("duplicate", true)
      case .ephemeral: data.member("durable", false)
      }
    }
  }

  /// Hands a message to a device.
  static func message(_ message: NewMessage, senderName: String?) -> OutgoingEvent {
    let lengths = message.content.utf8.count + (message.metadata?.utf8.count ?? 0)
    return OutgoingEvent(.newMessage, reserving: 320 + lengths) { data in
      data.member("messageId", message.id)
      data.member("senderId", message.senderID)
      if let senderName { data.member("senderName", senderName) }
      data.member("receiverId", message.receiverID)
      data.member("content", message.content)
      data.member("timestamp", message.id.timestamp)
      if let metadata = message.metadata { data.member("metadata", json: metadata.utf8) }
      if let replyTo = message.replyTo { data.member("replyTo", replyTo) }
      data.member("version", 1)
    }
  }

  /// Tells that the receiver has a message, or has read it.
  static func receipt(_ kind: Receipt.Kind, _ change: MessageChange) -> OutgoingEvent {
    switch kind {
    case .read:
      OutgoingEvent(.messageReadUpdate) { data in
        data.member("messageId", change.messageID)
        data.member("readerId", change.receiverID)
        data.member("readAt", change.at)
        data.member("version", change.version)
      }
    case .delivered:
      OutgoingEvent(.messageDeliveredUpdate) { data in
        data.member("messageId", change.messageID)
        data.member("receiverId", change.receiverID)
        data.member("deliveredAt", change.at)
        data.member("version", change.version)
      }
    }
  }

  /// Tells that a message has been edited or deleted.
  static func revision(_ kind: Revision.Kind, _ change: MessageChange) -> OutgoingEvent {
    switch kind {
    case .edit(let content):
      OutgoingEvent(.messageEdited) { data in
        data.member("messageId", change.messageID)
        data.member("content", content)
        data.member("editedAt", change.at)
        data.member("version", change.version)
      }
    case .delete:
      OutgoingEvent(.messageDeleted) { data in
        data.member("messageId", change.messageID)
        data.member("deletedAt", change.at)
        data.member("version", change.version)
      }
    }
  }

  /// Tells that someone is writing, or has stopped.
  static func typing(by user: String, _ isTyping: Bool) -> OutgoingEvent {
    OutgoingEvent(.userTyping) { data in
      data.member("userId", user)
      data.member("isTyping", isTyping)
    }
  }

  /// Who gets a new message: the receiver's devices, and the sender's but the one that sent it.
  static func deliveries(
    of message: NewMessage, senderName: String?, sentOn connection: ConnectionID,
    at position: Position? = nil
  ) -> [Delivery] {
    let event = self.message(message, senderName: senderName)
    let echo = Delivery(
      to: message.senderID, event, tempID: message.tempID, except: connection, at: position)
    guard message.receiverID != message.senderID else { return [echo] }
    return [Delivery(to: message.receiverID, event, at: position), echo]
  }
}

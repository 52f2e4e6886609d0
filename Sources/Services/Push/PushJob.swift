public import Pipeline

/// What tells a job from all others.
public struct PushJobID: Sendable, Hashable {
  /// Whose outbox it is in: the name that a stage has in the chain.
  public var service: String
  /// The message that it tells of.
  public var messageID: MessageID
  /// The device that it goes to; `nil` where it goes to the user.
  public var deviceToken: String?

  /// An id by its parts.
  public init(service: String, messageID: MessageID, deviceToken: String? = nil) {
    self.service = service
    self.messageID = messageID
    self.deviceToken = deviceToken
  }
}

/// One thing to send, once. Who takes it has it until its lease ends, and says before that what became of it.
public struct PushJob: Sendable, Equatable {
  /// What tells it from all others.
  public var id: PushJobID
  /// Who is to get it.
  public var receiverID: String
  /// The device that it goes to; `nil` where it goes to the user.
  public var device: Device?
  /// Who sent the message.
  public var senderID: String
  /// The sender's name where they have one.
  public var senderName: String?
  /// What the message says now.
  public var content: String
  /// The message's metadata, a JSON object as text.
  public var metadata: String?
  /// When it was first due. The message's own time is in its id.
  public var due: Timestamp
  /// How often sending it has failed.
  public var attempts: Int
  /// Until when nobody else takes it. It is also what its outcome is told with: it differs each time the job is taken.
  public var lease: Timestamp

  /// A job by its parts.
  public init(
    id: PushJobID, receiverID: String, device: Device? = nil, senderID: String, senderName: String? = nil,
    content: String, metadata: String? = nil, due: Timestamp, attempts: Int = 0, lease: Timestamp
  ) {
    self.id = id
    self.receiverID = receiverID
    self.device = device
    self.senderID = senderID
    self.senderName = senderName
    self.content = content
    self.metadata = metadata
    self.due = due
    self.attempts = attempts
    self.lease = lease
  }
}

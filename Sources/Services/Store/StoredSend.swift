public import Pipeline

/// The send that persist has stored an event as: left on the event for stages that remember sends.
public enum StoredSendKey: EventKey {
  /// The message's id and the digest of its body as it was stored.
  public typealias Value = SentMessage
}

/// What of a message a push shows.
public enum PushContent: String, Decodable, Sendable, CaseIterable {
  /// What the templates say, the message's content included.
  case shown
  /// Nothing of the content.
  case hidden
}

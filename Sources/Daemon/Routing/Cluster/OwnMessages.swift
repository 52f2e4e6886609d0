import Services

/// Which messages of the feed this node has stored itself in this life, and tells of itself as soon as the store has
/// answered. If what is read from the feed told of one sooner, it could get ahead of its sender's message before it, whose
/// answer is there and is being carried out.
struct OwnMessages {
  /// How many are kept of which it is not known whether they were stored: more than wait for one answer.
  private static let limit = 65_536

  private let node: UInt16
  private let last: MessageID?
  private var unknown: Set<MessageID> = []

  /// - Parameters:
  ///   - node: This node's number.
  ///   - above: The highest id of an earlier life.
  init(node: UInt16, above last: MessageID?) {
    self.node = node
    self.last = last
  }

  /// Notes that the store's answer to these was lost: whoever finds one of them tells of it.
  mutating func mayBeMissing(_ messages: [MessageID]) {
    if unknown.count + messages.count > Self.limit { unknown.removeAll() }
    unknown.formUnion(messages)
  }

  /// Whether this node tells of a message without reading of it.
  func isTold(_ message: MessageID) -> Bool {
    message.node == node && last.map { message > $0 } ?? true && !unknown.contains(message)
  }
}

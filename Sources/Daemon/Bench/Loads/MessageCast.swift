/// Who is who among the clients of a load of messages.
protocol MessageCast: Sendable {
  /// How many clients take part, those who are silent not among them.
  var clientCount: Int { get }

  /// What the client of a number does.
  func part(of number: Int) -> MessagePart
}

extension MessageCast {
  /// Whether a client writes to another, by their numbers.
  func writes(_ sender: Int, to receiver: Int) -> Bool {
    (0..<clientCount).contains(sender) && [.talks(to: receiver), .feeds(receiver)].contains(part(of: sender))
  }
}

/// What a client does in a load of messages.
enum MessagePart: Equatable {
  /// Writes to another, or to nobody, and takes what comes.
  case talks(to: Int?)
  /// Writes to one who does not read.
  case feeds(Int)
  /// Is written to, and stops reading.
  case isSlow
}

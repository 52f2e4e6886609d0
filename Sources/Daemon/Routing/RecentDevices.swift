import Services

/// The devices of the two users who were looked up last: what a batch has for people who talk to each other is mostly for
/// the same two in turn.
struct RecentDevices {
  private var last: (user: ExactText, devices: [Outbox])?
  private var other: (user: ExactText, devices: [Outbox])?

  /// The devices of a user, looked up where it is neither of the two.
  mutating func devices(of user: String, _ lookUp: (String) -> [Outbox]) -> [Outbox] {
    let user = ExactText(user)
    if let last, last.user == user { return last.devices }
    let found = other.flatMap { $0.user == user ? $0.devices : nil } ?? lookUp(user.text)
    other = last
    last = (user, found)
    return found
  }
}

/// What PostgreSQL, or the way to it, has refused.
struct PostgresError: Error, CustomStringConvertible {
  /// What failed, in one line.
  let description: String
  /// The five characters that PostgreSQL names its errors by; `nil` where the connection failed.
  ///
  /// Source: PostgreSQL documentation, appendix A.
  let state: String?

  init(_ text: String, state: String? = nil) {
    let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? text
    let prefix = "ERROR:  "
    description = "PostgreSQL: " + (line.hasPrefix(prefix) ? String(line.dropFirst(prefix.count)) : line)
    self.state = state
  }

  /// What to do about it.
  enum Remedy: Equatable {
    /// The same again: it was in the way of another transaction.
    case tryAgain
    /// One of the changes is at fault: which one, shows when they are made apart.
    case makeApart
    /// The server is not fit to make any change now; it may be asked for later.
    case giveUp
    /// The connection is of no use any more, and whether the changes were made is not known.
    case reconnect
  }

  /// What to do about a transaction that ended so.
  var remedy: Remedy {
    guard let state else { return .reconnect }
    switch state.prefix(2) {
    // A deadlock, a serialization failure.
    case "40": return .tryAgain
    // Data, constraints, and what a statement asks for: of one change, not of the server.
    case "22", "23": return .makeApart
    // Connection exceptions and a server that is going down or has not come up.
    case "08", "57": return .reconnect
    // A server that has become a standby: another one may be the primary by now.
    case "25": return .reconnect
    default: return .giveUp
    }
  }
}

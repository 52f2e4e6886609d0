public import Pipeline

/// Who may send a message to whom. A block always wins.
public enum Audience: String, Decodable, Sendable, CaseIterable {
  /// Everyone to everyone.
  case anyone
  /// Users to those whose connection they accepted, or who accepted theirs.
  case connections
}

/// How a user stands to another.
public struct Link: Sendable, Equatable {
  /// How far it has come.
  public enum Status: String, Sendable {
    /// One has asked, the other has not answered.
    case pending
    /// Both want it.
    case accepted
    /// The user has blocked the other.
    case blocked
  }

  /// Who began.
  public enum Direction: String, Sendable {
    /// The other user.
    case incoming
    /// The user themselves.
    case outgoing
  }

  /// The other user.
  public var peerID: String
  /// How far it has come.
  public var status: Status
  /// Who began.
  public var direction: Direction

  /// A link by its parts.
  public init(peerID: String, status: Status, direction: Direction) {
    self.peerID = peerID
    self.status = status
    self.direction = direction
  }
}

/// What a user does about a connection with another.
public struct LinkRequest: Sendable, Equatable {
  /// What there is to do.
  public enum Action: Sendable, Equatable {
    /// Asks for a connection; where the other has asked already, this accepts it.
    case request
    /// Accepts what the other has asked for.
    case accept
    /// Blocks the other and ends what was between them.
    case block
    /// Ends the connection, withdraws or declines the request, and lifts the user's own block.
    case remove
  }

  /// What to do.
  public var action: Action
  /// Who does it.
  public var userID: String
  /// Whom it is about.
  public var peerID: String
  /// When.
  public var at: Timestamp

  /// A request by its parts.
  public init(_ action: Action, by userID: String, about peerID: String, at: Timestamp) {
    self.action = action
    self.userID = userID
    self.peerID = peerID
    self.at = at
  }
}

/// A question of one user's about another: may they write to them, and know whether they are there?
public struct PermitRequest: Sendable, Hashable {
  /// Who asks.
  public var userID: String
  /// About whom.
  public var peerID: String

  /// A question by its parts.
  public init(from userID: String, to peerID: String) {
    self.userID = userID
    self.peerID = peerID
  }
}

/// The key under which stages find who may write to whom.
public enum AudienceKey: ServiceKey {
  /// The audience; what the stage that stores messages is set to.
  public typealias Service = Setting<Audience>
}

/// What an event is: the `type` member of its envelope.
///
/// The set is open: a custom stage may take types of its own.
public struct EventType: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral,
  CustomStringConvertible
{
  /// The name as it stands in the envelope.
  public let rawValue: String

  /// A type by its name.
  public init(rawValue: String) { self.rawValue = rawValue }

  /// A type by its name, written as a literal.
  public init(stringLiteral value: String) { rawValue = value }

  /// The name as it stands in the envelope.
  public var description: String { rawValue }
}

// What clients send.
extension EventType {
  /// Presents a token, first or to renew one.
  public static let auth: EventType = "AUTH"
  /// Sends a message.
  public static let newMessage: EventType = "NEW_MESSAGE"
  /// Says that the receiver has read messages.
  public static let messageRead: EventType = "MESSAGE_READ"
  /// Says that messages have reached a device of the receiver.
  public static let messageDelivered: EventType = "MESSAGE_DELIVERED"
  /// Gives a message another content.
  public static let editMessage: EventType = "EDIT_MESSAGE"
  /// Takes a message's content away.
  public static let deleteMessage: EventType = "DELETE_MESSAGE"
  /// Says that someone is writing, or has stopped.
  public static let typing: EventType = "TYPING"
  /// Asks for everything that changed since a cursor.
  public static let sync: EventType = "SYNC"
  /// Asks for a `PONG`.
  public static let ping: EventType = "PING"
}

// What the gateway makes itself. A client that sends one of these gets `UNKNOWN_EVENT`.
extension EventType {
  /// A client wants to connect.
  public static let connect: EventType = "CONNECT"
  /// A connection has ended.
  public static let disconnect: EventType = "DISCONNECT"
  /// An HTTP read.
  public static let query: EventType = "QUERY"

  /// What could not be read as an event, and has been refused by the gateway already: no stage sees it, it only takes
  /// its place among the answers.
  public static let malformed: EventType = "MALFORMED"

  /// Shows that the engine takes events through: no stage sees it.
  public static let probe: EventType = "PROBE"

  /// Whether the type is made by the gateway alone.
  public var isReserved: Bool {
    self == .connect || self == .disconnect || self == .query || self == .malformed || self == .probe
  }

  /// Whether an event may be kept and tried again later: neither what merely asks or passes, nor what holds a token.
  var canBeSetAside: Bool {
    !isReserved && self != .auth && self != .sync && self != .ping && self != .typing
  }
}

// What a server sends.
extension EventType {
  /// Answers `CONNECT` and `AUTH`.
  public static let connected: EventType = "CONNECTED"
  /// Answers `NEW_MESSAGE`, once the message is durable.
  public static let messageSent: EventType = "MESSAGE_SENT"
  /// Tells both sides that a message has been read.
  public static let messageReadUpdate: EventType = "MESSAGE_READ_UPDATE"
  /// Tells the sender that a message has reached the receiver.
  public static let messageDeliveredUpdate: EventType = "MESSAGE_DELIVERED_UPDATE"
  /// Tells both sides of a message's new content.
  public static let messageEdited: EventType = "MESSAGE_EDITED"
  /// Tells both sides that a message's content is gone.
  public static let messageDeleted: EventType = "MESSAGE_DELETED"
  /// Tells the receiver that someone is writing to them, or has stopped.
  public static let userTyping: EventType = "USER_TYPING"
  /// Tells peers that a user came or went.
  public static let userPresenceUpdate: EventType = "USER_PRESENCE_UPDATE"
  /// Says that a connection's token is about to run out.
  public static let tokenExpiring: EventType = "TOKEN_EXPIRING"
  /// Answers `SYNC`.
  public static let syncResult: EventType = "SYNC_RESULT"
  /// Answers `PING`.
  public static let pong: EventType = "PONG"
  /// Answers an event that has no answer of its own.
  public static let ack: EventType = "ACK"
  /// Answers an event that was rejected.
  public static let error: EventType = "ERROR"
}

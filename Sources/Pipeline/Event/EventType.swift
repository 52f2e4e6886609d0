/// What an event is: the `type` member of its envelope.
///
/// The set is open: a custom stage may take types of its own.
public struct EventType: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral,
  CustomStringConvertible
{
  /// The name as it stands in the envelope.
  public let rawValue: String
  /// Which of the types below it is, 0 where it is none: those are told apart without a look at their names.
  @usableFromInline let number: UInt8

  /// A type by its name.
  public init(rawValue: String) {
    var name = rawValue
    self = name.withUTF8 { Self.named($0) } ?? EventType(0, rawValue)
  }

  /// A type by its name, written as a literal.
  public init(stringLiteral value: String) { self.init(rawValue: value) }

  /// A type by its name in UTF-8. One of those below needs no memory.
  init(utf8 name: UnsafeBufferPointer<UInt8>) {
    self = Self.named(name) ?? EventType(0, String(decoding: name, as: UTF8.self))
  }

  private init(_ number: UInt8, _ name: String) {
    self.number = number
    rawValue = name
  }

  /// That of the types below which has this name.
  private static func named(_ name: UnsafeBufferPointer<UInt8>) -> EventType? {
    known.first { type in
      guard type.rawValue.utf8.count == name.count else { return false }
      return type.rawValue.utf8.withContiguousStorageIfAvailable { $0.elementsEqual(name) } ?? false
    }
  }

  /// Whether both have the same name.
  @inlinable public static func == (one: EventType, other: EventType) -> Bool {
    one.number == other.number && (one.number > 0 || one.rawValue == other.rawValue)
  }

  /// Takes the number for the name, where there is one.
  @inlinable public func hash(into hasher: inout Hasher) {
    if number > 0 { hasher.combine(number) } else { hasher.combine(rawValue) }
  }

  /// The name as it stands in the envelope.
  public var description: String { rawValue }
}

// What clients send.
extension EventType {
  /// Presents a token, first or to renew one.
  public static let auth = EventType(1, "AUTH")
  /// Sends a message.
  public static let newMessage = EventType(2, "NEW_MESSAGE")
  /// Says that the receiver has read messages.
  public static let messageRead = EventType(3, "MESSAGE_READ")
  /// Says that messages have reached a device of the receiver.
  public static let messageDelivered = EventType(4, "MESSAGE_DELIVERED")
  /// Gives a message another content.
  public static let editMessage = EventType(5, "EDIT_MESSAGE")
  /// Takes a message's content away.
  public static let deleteMessage = EventType(6, "DELETE_MESSAGE")
  /// Says that someone is writing, or has stopped.
  public static let typing = EventType(7, "TYPING")
  /// Asks for everything that changed since a cursor.
  public static let sync = EventType(8, "SYNC")
  /// Asks for a `PONG`.
  public static let ping = EventType(9, "PING")
}

// What the gateway makes itself. A client that sends one of these gets `UNKNOWN_EVENT`.
extension EventType {
  /// A client wants to connect.
  public static let connect = EventType(10, "CONNECT")
  /// A connection has ended.
  public static let disconnect = EventType(11, "DISCONNECT")
  /// An HTTP read.
  public static let query = EventType(12, "QUERY")

  /// What could not be read as an event, and has been refused by the gateway already: no stage sees it, it only takes
  /// its place among the answers.
  public static let malformed = EventType(13, "MALFORMED")

  /// Shows that the engine takes events through: no stage sees it.
  public static let probe = EventType(14, "PROBE")

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
  public static let connected = EventType(15, "CONNECTED")
  /// Answers `NEW_MESSAGE`, once the message is durable.
  public static let messageSent = EventType(16, "MESSAGE_SENT")
  /// Tells both sides that a message has been read.
  public static let messageReadUpdate = EventType(17, "MESSAGE_READ_UPDATE")
  /// Tells the sender that a message has reached the receiver.
  public static let messageDeliveredUpdate = EventType(18, "MESSAGE_DELIVERED_UPDATE")
  /// Tells both sides of a message's new content.
  public static let messageEdited = EventType(19, "MESSAGE_EDITED")
  /// Tells both sides that a message's content is gone.
  public static let messageDeleted = EventType(20, "MESSAGE_DELETED")
  /// Tells the receiver that someone is writing to them, or has stopped.
  public static let userTyping = EventType(21, "USER_TYPING")
  /// Tells peers that a user came or went.
  public static let userPresenceUpdate = EventType(22, "USER_PRESENCE_UPDATE")
  /// Says that a connection's token is about to run out.
  public static let tokenExpiring = EventType(23, "TOKEN_EXPIRING")
  /// Answers `SYNC`.
  public static let syncResult = EventType(24, "SYNC_RESULT")
  /// Answers `PING`.
  public static let pong = EventType(25, "PONG")
  /// Answers an event that has no answer of its own.
  public static let ack = EventType(26, "ACK")
  /// Answers an event that was rejected.
  public static let error = EventType(27, "ERROR")
}

extension EventType {
  /// All of the above, those that come in most often first.
  static let known: [EventType] = [
    .newMessage, .messageDelivered, .messageRead, .ping, .typing, .auth, .editMessage, .deleteMessage, .sync,
    .connect, .disconnect, .query, .malformed, .probe, .connected, .messageSent, .messageReadUpdate,
    .messageDeliveredUpdate, .messageEdited, .messageDeleted, .userTyping, .userPresenceUpdate,
    .tokenExpiring, .syncResult, .pong, .ack, .error,
  ]
}

public import Pipeline

/// What several nodes share and may lose: rate-limit debts, recent send keys, presence. Every implementation passes
/// the `SharedStateContract` suite.
///
/// All calls return at once and answer by calling `then`: before they return where the answer is at hand, else later
/// and from any thread. What one call asks for goes out together.
public protocol SharedState: Sendable {
  /// Whether answers are at hand when a call returns, so that nothing is gained by asking ahead.
  var answersAtOnce: Bool { get }

  /// Charges rate limits, each request in one atomic step, in order.
  func admit(
    _ requests: [AdmissionRequest], then: @escaping @Sendable (Result<[Admission], StateError>) -> Void)

  /// Looks up what became of sends; one answer a key, in order, `nil` where it is not known.
  func recall(_ keys: [SendKey], then: @escaping @Sendable (Result<[SentMessage?], StateError>) -> Void)

  /// Remembers what became of sends, for at least as long as memory allows and at most `window`. Only ever called
  /// for messages that are durable. Losing it costs a question to the store, never a guarantee.
  func remember(_ sends: [(key: SendKey, message: SentMessage)], for window: Duration)

  /// Notes that a device of `user` has connected, of whom at most `limit` may be: `then` gets what that led to.
  func arrive(
    _ user: String, device: ConnectionID, limit: Int,
    then: @escaping @Sendable (Result<Arrival, StateError>) -> Void)

  /// Notes that a device has gone. `then` gets whether it was the user's last: the user counts as online still, until
  /// ``lapse(_:after:then:)``.
  func depart(
    _ user: String, device: ConnectionID, then: @escaping @Sendable (Result<Bool, StateError>) -> Void)

  /// Makes a user offline who has had no device for at least `grace`. `then` gets their last sign of life where that
  /// changed it, `nil` where the user is back, has not been gone that long, or was offline already.
  func lapse(
    _ user: String, after grace: Duration,
    then: @escaping @Sendable (Result<Timestamp?, StateError>) -> Void)

  /// The presence of users, one answer each, in order.
  func presence(
    of users: [String], then: @escaping @Sendable (Result<[PresenceRecord], StateError>) -> Void)

  /// Has `handler` called with users whose last device was on a node that has died, by one of the nodes that live on.
  /// They count as online still, until ``lapse(_:after:then:)``. Only the latest handler is called.
  func watchAbandoned(_ handler: @escaping @Sendable ([String]) -> Void)

  /// Whether the state answers; `nil` says that it does, a text says why it does not.
  func ready(then: @escaping @Sendable (String?) -> Void)

  /// Finishes what is under way, then closes.
  func close() async
}

/// A question to a rate limit: may `cost` events of this subject happen now?
public struct AdmissionRequest: Sendable, Hashable {
  /// Which limit, so that two stages count apart: the stage's name, and the event type where it has its own.
  public var scope: String
  /// Who is limited: a user or an address.
  public var subject: String
  /// The time that one event takes up at the sustained rate, in nanoseconds.
  public var interval: UInt64
  /// How many events may come at once after a pause.
  public var burst: Int
  /// How many events this one counts for.
  public var cost: Int

  /// A question by its parts.
  public init(scope: String, subject: String, interval: UInt64, burst: Int, cost: Int = 1) {
    self.scope = scope
    self.subject = subject
    self.interval = interval
    self.burst = burst
    self.cost = cost
  }
}

/// A rate limit's answer.
public enum Admission: Sendable, Equatable {
  /// It may happen, and has been charged.
  case admitted
  /// It may not, and was not charged; it may when this much time has passed.
  case refused(retryAfter: Duration)
}

/// What makes sending again safe: the sender's own name for a message.
public struct SendKey: Sendable, Hashable {
  /// Which stage remembers it.
  public var scope: String
  /// Who sent it.
  public var senderID: String
  /// The sender's name for it.
  public var tempID: String

  /// A key by its parts.
  public init(scope: String, senderID: String, tempID: String) {
    self.scope = scope
    self.senderID = senderID
    self.tempID = tempID
  }

  /// Whether both have the same bytes, as the stores and Redis compare them.
  public static func == (one: SendKey, other: SendKey) -> Bool {
    one.scope == other.scope && ExactText(one.senderID) == ExactText(other.senderID)
      && ExactText(one.tempID) == ExactText(other.tempID)
  }

  public func hash(into hasher: inout Hasher) {
    // There are few scopes, mostly one.
    hasher.combine(ExactText(senderID))
    hasher.combine(ExactText(tempID))
  }
}

/// A send that is durable.
public struct SentMessage: Sendable, Equatable {
  /// The id it got.
  public var id: MessageID
  /// Tells whether another send of the same key has the same body: ``NewMessage/digest``.
  public var digest: UInt64

  /// A send by its parts.
  public init(id: MessageID, digest: UInt64) {
    self.id = id
    self.digest = digest
  }
}

/// What the arrival of a device led to.
public struct Arrival: Sendable, Equatable {
  /// Whether it made its user online.
  public var cameOnline: Bool
  /// The user's oldest devices that are too many now, on whatever node. A state that is one node's alone leaves that to
  /// the node.
  public var displaced: [PlacedDevice]

  /// An arrival by its parts.
  public init(cameOnline: Bool, displaced: [PlacedDevice] = []) {
    self.cameOnline = cameOnline
    self.displaced = displaced
  }
}

/// A device and the node that it is connected to.
public struct PlacedDevice: Sendable, Hashable {
  /// The node.
  public var node: NodeID
  /// Its connection there.
  public var connection: ConnectionID

  /// A device by its parts.
  public init(_ connection: ConnectionID, on node: NodeID) {
    self.node = node
    self.connection = connection
  }
}

/// Whether a user is there.
public struct PresenceRecord: Sendable, Equatable {
  /// Who.
  public var userID: String
  /// Whether a device is connected, or was within the grace period.
  public var isOnline: Bool
  /// The last sign of life; `nil` of someone never seen.
  public var lastSeen: Timestamp?

  /// A record by its parts.
  public init(userID: String, isOnline: Bool, lastSeen: Timestamp?) {
    self.userID = userID
    self.isOnline = isOnline
    self.lastSeen = lastSeen
  }
}

/// A shared state that can't be reached.
public struct StateError: Error, Sendable, CustomStringConvertible {
  /// What failed.
  public let description: String

  /// A fault with its description.
  public init(_ description: String) { self.description = description }
}

/// The key under which stages find the shared state.
public enum SharedStateKey: ServiceKey {
  /// The shared state's seam.
  public typealias Service = any SharedState
}

extension StageContext {
  /// The shared state.
  ///
  /// - Throws: `StageStartError` where this process has none.
  public var sharedState: any SharedState { get throws { try require(SharedStateKey.self) } }
}

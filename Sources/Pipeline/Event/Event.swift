/// One incoming event on its way through the chain.
///
/// A value: a stage changes its own copy in place, and what it changed is what later stages see.
public struct Event: Sendable {
  /// What it is.
  public var type: EventType
  /// What it says.
  public var data: EventData
  /// The `id` it came with, echoed in its answer.
  public let ref: EventRef?
  /// Who sent it; the stage that gives ``Capability/identity`` fills it in.
  public var identity: Identity?
  /// Where it came from.
  public let connection: Connection
  /// When it arrived, by the engine's monotonic clock, in nanoseconds.
  public let arrival: UInt64
  /// What the sender will be told, where a stage has said so.
  public private(set) var answer: OutgoingEvent?

  private var attributes: [ObjectIdentifier: any Sendable] = [:]

  /// Why it is not to enter the chain.
  private(set) var refusal: Rejection?
  /// Which stages of the chain take the event: bit n for stage n.
  var route: UInt64 = 0
  /// Its place among all events of its engine.
  var sequence: UInt64 = 0
  /// Its slot in the lanes, where it has been held before.
  var slot: SlotIndex = .none
  /// Whether it is past the commit point: nothing refuses it any more.
  var isCommitted = false

  /// An event as the gateway makes it.
  public init(
    _ type: EventType, data: EventData = EventData(), ref: EventRef? = nil, connection: Connection,
    arrival: UInt64 = 0
  ) {
    self.type = type
    self.data = data
    self.ref = ref
    self.connection = connection
    self.arrival = arrival
  }

  /// Answers the sender. The last answer counts; it is sent in the order of the connection's events, once the
  /// event is past the commit point or at its end, and not at all where the event is rejected.
  public mutating func answer(_ event: OutgoingEvent) { answer = event }

  /// Refuses the event before it enters the chain, where it was malformed: its answer keeps its place among those of
  /// its connection.
  public mutating func refuse(_ rejection: Rejection) { refusal = rejection }

  /// What an earlier stage left under `key` for later ones.
  public subscript<Key: EventKey>(key: Key.Type) -> Key.Value? {
    get { attributes.isEmpty ? nil : attributes[ObjectIdentifier(key)] as? Key.Value }
    set { attributes[ObjectIdentifier(key)] = newValue }
  }
}

/// The `id` of an event, as the raw JSON text of a string or number.
public struct EventRef: Sendable, Equatable {
  /// The JSON text, quotes included.
  public let json: [UInt8]

  /// A reference by its JSON text, which must be a valid string or number.
  public init(json: [UInt8]) { self.json = json }
}

/// Names a value that one stage leaves on an event for later ones.
public protocol EventKey {
  /// The value's type.
  associatedtype Value: Sendable
}

/// One incoming event on its way through the chain.
///
/// A value: a stage changes its own copy in place, and what it changed is what later stages see. What it says lies
/// behind one reference, copied on a write while somebody else has it too, so that the engine moves and keeps events
/// for the price of a pointer.
public struct Event: Sendable {
  @usableFromInline var content: EventContent

  // The engine's own notes, apart from the content so that making one never copies that.

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
    content = EventContent(type, data: data, ref: ref, connection: connection, arrival: arrival)
  }

  /// What it is.
  @inlinable public var type: EventType {
    get { content.type }
    set {
      own()
      content.type = newValue
    }
  }

  /// What it says.
  @inlinable public var data: EventData {
    _read { yield content.data }
    _modify {
      own()
      yield &content.data
    }
  }

  /// The `id` it came with, echoed in its answer.
  @inlinable public var ref: EventRef? { content.ref }

  /// Who sent it; the stage that gives ``Capability/identity`` fills it in.
  @inlinable public var identity: Identity? {
    get { content.identity }
    set {
      own()
      content.identity = newValue
    }
  }

  /// Where it came from.
  @inlinable public var connection: Connection { content.connection }

  /// When it arrived, by the engine's monotonic clock, in nanoseconds.
  @inlinable public var arrival: UInt64 { content.arrival }

  /// What the sender will be told, where a stage has said so.
  @inlinable public var answer: OutgoingEvent? { content.answer }

  /// Answers the sender. The last answer counts; it is sent in the order of the connection's events, once the
  /// event is past the commit point or at its end, and not at all where the event is rejected.
  @inlinable public mutating func answer(_ event: OutgoingEvent) {
    own()
    content.answer = event
  }

  /// What an earlier stage left under `key` for later ones.
  @inlinable public subscript<Key: EventKey>(key: Key.Type) -> Key.Value? {
    get { content.notes[ObjectIdentifier(key)].flatMap { EventNotes.cast($0, to: Key.Value.self) } }
    set {
      own()
      content.notes[ObjectIdentifier(key)] = newValue
    }
  }

  /// Keeps what a stage has left on another copy of the event, and nothing else of it.
  mutating func keepNotes(of other: Event) {
    guard !other.content.notes.isEmpty else { return }
    own()
    content.notes = other.content.notes
  }

  /// Makes the content this event's alone, so that it may be changed.
  @usableFromInline mutating func own() {
    if !isKnownUniquelyReferenced(&content) { content = EventContent(content) }
  }
}

/// What an event says, shared by its copies until one of them is changed.
///
/// `Sendable` is not checked by the compiler and holds because `Event` is the only one to write here, and only while
/// its reference is the only one. That is also why accesses need no check while it runs: a write is a mutation of the
/// one event that has the content, which the compiler keeps apart from any other access to that event.
@usableFromInline final class EventContent: @unchecked Sendable {
  @usableFromInline @exclusivity(unchecked) var type: EventType
  @usableFromInline @exclusivity(unchecked) var data: EventData
  @usableFromInline let ref: EventRef?
  @usableFromInline @exclusivity(unchecked) var identity: Identity?
  @usableFromInline let connection: Connection
  @usableFromInline let arrival: UInt64
  @usableFromInline @exclusivity(unchecked) var answer: OutgoingEvent?
  @usableFromInline @exclusivity(unchecked) var notes = EventNotes()

  init(_ type: EventType, data: EventData, ref: EventRef?, connection: Connection, arrival: UInt64) {
    self.type = type
    self.data = data
    self.ref = ref
    self.connection = connection
    self.arrival = arrival
  }

  init(_ other: EventContent) {
    type = other.type
    data = other.data
    ref = other.ref
    identity = other.identity
    connection = other.connection
    arrival = other.arrival
    answer = other.answer
    notes = other.notes
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

/// Something that one stage gives an event and a later one needs: what makes the order of a chain right or wrong.
public struct Capability: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral,
  CustomStringConvertible
{
  /// The name, as error messages and `sluice stages` show it.
  public let rawValue: String

  /// A capability by its name.
  public init(rawValue: String) { self.rawValue = rawValue }

  /// A capability by its name, written as a literal.
  public init(stringLiteral value: String) { rawValue = value }

  /// The name, as error messages and `sluice stages` show it.
  public var description: String { rawValue }

  /// Who sent the event.
  public static let identity: Capability = "identity"
  /// The stored message's id. The stage that gives it is the chain's commit point.
  public static let durableID: Capability = "durable id"
  /// Whether a user is connected.
  public static let presence: Capability = "presence"
}

/// What a stage takes from those before it and leaves to those after it.
public struct Requirements: Sendable, Equatable {
  /// What an earlier stage has to give.
  public var needs: [Capability]
  /// What later stages may count on.
  public var gives: [Capability]

  /// What a stage needs and gives.
  public init(needs: [Capability] = [], gives: [Capability] = []) {
    self.needs = needs
    self.gives = gives
  }
}

/// Which events a stage sees.
public struct EventFilter: Sendable, Equatable {
  enum Kind: Sendable, Equatable {
    case client
    case all
    case only(Set<EventType>)
    case clientAnd(Set<EventType>)
  }
  let kind: Kind

  /// Every event that a client sends, of whatever type; none of the reserved types.
  public static let client = EventFilter(kind: .client)
  /// Every event, the reserved types included.
  public static let all = EventFilter(kind: .all)
  /// These types alone.
  public static func only(_ types: EventType...) -> EventFilter { EventFilter(kind: .only(Set(types))) }
  /// These types alone.
  public static func only(_ types: Set<EventType>) -> EventFilter { EventFilter(kind: .only(types)) }
  /// Every event that a client sends, and these reserved types.
  public static func client(and types: EventType...) -> EventFilter {
    EventFilter(kind: .clientAnd(Set(types)))
  }

  /// The types that it names.
  var named: Set<EventType> {
    switch kind {
    case .client, .all: []
    case .only(let types), .clientAnd(let types): types
    }
  }

  /// Whether events of `type` pass.
  public func takes(_ type: EventType) -> Bool {
    switch kind {
    case .client: !type.isReserved
    case .all: true
    case .only(let types): types.contains(type)
    case .clientAnd(let types): !type.isReserved || types.contains(type)
    }
  }
}

/// What becomes of an event when a stage fails on it: throws, or runs out of time.
public enum FaultPolicy: String, Sendable, CaseIterable {
  /// The event is refused: the chain fails closed.
  case reject
  /// The event goes on as if the stage were not there: the chain fails open.
  case skip
  /// The event is refused, and kept for the operator, who may have it tried again. One that is stored already goes on,
  /// and is kept for this stage alone.
  case deadLetter = "dead_letter"
}

public import Pipeline

/// The way to the devices of users, wherever they are connected.
public protocol Router: Sendable {
  /// Hands events to every device of their receivers, in order for each receiver. Who is not connected gets nothing:
  /// they sync. Never blocks; a device that can't keep up is disconnected.
  func deliver(_ deliveries: [Delivery])

  /// Which of `users` may have a device connected: the others surely have none.
  func connected(among users: [String]) -> [String]
}

/// One event for the devices of one user: all of them, all but one, or one alone.
public struct Delivery: Sendable {
  /// Who is to get it.
  public var userID: String
  /// What all get whom the change is told; ``event`` may say more.
  private let shared: OutgoingEvent
  /// The sender's own name for the message, which only the sender's devices are told.
  public let tempID: String?
  /// The one connection that does not: it has its answer.
  public var except: ConnectionID?
  /// The one connection that does, where it is for no other.
  public var only: ConnectionID?
  /// The place in the feed of the change that it tells of; `nil` where it tells of nothing that is stored.
  public var position: Position?

  /// A delivery by its parts.
  public init(
    to userID: String, _ event: OutgoingEvent, tempID: String? = nil, except: ConnectionID? = nil,
    only: ConnectionID? = nil, at position: Position? = nil
  ) {
    self.userID = userID
    shared = event
    self.tempID = tempID
    self.except = except
    self.only = only
    self.position = position
  }
}

extension Delivery {
  /// What they get. With a ``tempID`` it is encoded anew each time: most senders have no other device to tell.
  public var event: OutgoingEvent { tempID.map { OutgoingEvent(shared, adding: "tempId", $0) } ?? shared }

  /// Whether it is for this one of the user's connections.
  public func reaches(_ connection: ConnectionID) -> Bool {
    connection != except && (only == nil || only == connection)
  }
}

/// The key under which stages find the router.
public enum RouterKey: ServiceKey {
  /// The router's seam.
  public typealias Service = any Router
}

extension StageContext {
  /// The router.
  ///
  /// - Throws: `StageStartError` where this process has none.
  public var router: any Router { get throws { try require(RouterKey.self) } }
}

/// What a stored event is to tell whom: left on the event by the stage that stored it, carried out by fan-out.
public enum DeliveriesKey: EventKey {
  /// In the order in which they are to be made.
  public typealias Value = [Delivery]
}

/// The places in the feed that an event's changes have: left on the event by the stage that stored it.
public enum PositionsKey: EventKey {
  /// In rising order.
  public typealias Value = Few<Position>
}

import Synchronization

/// How an event came in.
public struct Ingress: RawRepresentable, Hashable, Sendable {
  /// The name as logs and metrics show it.
  public let rawValue: String

  /// An ingress by its name.
  public init(rawValue: String) { self.rawValue = rawValue }

  /// A WebSocket at `/ws`.
  public static let webSocket = Ingress(rawValue: "websocket")
  /// An HTTP request.
  public static let http = Ingress(rawValue: "http")
  /// A test, or code within the daemon.
  public static let local = Ingress(rawValue: "local")
}

/// Names one connection, unique for as long as the node runs.
public struct ConnectionID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The number behind the name.
  public let rawValue: UInt64

  /// An id by its number.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// The id as clients and logs see it: `con_` and 16 hexadecimal digits.
  public var description: String {
    let digits = String(rawValue, radix: 16)
    return "con_" + String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// Where an event's answer goes. Called on the engine's own executor only.
public protocol AnswerSink: AnyObject {
  /// Takes the one answer to an event.
  func receive(_ reply: Reply)
}

/// The one answer to one event.
public struct Reply: Sendable {
  /// The type of the event that is answered.
  public let answered: EventType
  /// The `id` that the event came with, as raw JSON.
  public let ref: EventRef?
  /// What to send.
  public let event: OutgoingEvent
  /// Set where the event was rejected; `event` then is its `ERROR`.
  public let rejection: Rejection?
}

/// One client, for as long as it is connected, seen from the chain.
///
/// Everything here may be read from any thread, except what is marked as confined: the sink and the lane
/// belong to the executor of the one engine that the connection was given to.
///
/// `Sendable` is not checked by the compiler and holds because `id`, `ingress`, `remoteAddress` and `trace` are
/// immutable, `identity` is behind a mutex, and `sink` and `lane` are touched on the executor of the connection's one
/// engine only.
public final class Connection: @unchecked Sendable {
  /// The connection's name.
  public let id: ConnectionID
  /// How its events come in.
  public let ingress: Ingress
  /// The peer's IP address, without a port.
  public let remoteAddress: String

  /// The trace that the client named when it connected, or with its request.
  public let trace: TraceParent?

  private let heldIdentity = Mutex<Identity?>(nil)

  /// Who is on the other end; set by the auth stage, `nil` before.
  public var identity: Identity? {
    get { heldIdentity.withLock { $0 } }
    set { heldIdentity.withLock { $0 = newValue } }
  }

  /// Where answers go; confined to the engine's executor. Cleared by whoever set it when the client is gone.
  public var sink: (any AnswerSink)? {
    get { heldSink }
    set { heldSink = newValue }
  }

  /// Apart from what others see of it, so that the compiler knows all accesses to it and need not check them at run time.
  private var heldSink: (any AnswerSink)?

  /// The connection's events that are held in the chain; confined to the engine's executor. Not checked at run time to be
  /// accessed by one at a time: two ends and a count, which only the methods of ``LaneTable`` change, and those call nobody.
  @exclusivity(unchecked) var lane = Lane()

  /// A connection that has not been authenticated yet.
  public init(id: ConnectionID, ingress: Ingress, remoteAddress: String, trace: TraceParent? = nil) {
    self.trace = trace
    self.id = id
    self.ingress = ingress
    self.remoteAddress = remoteAddress
  }

  /// How many of the connection's events the chain holds now; confined to the engine's executor.
  public var eventsInFlight: Int { Int(lane.count) }
}

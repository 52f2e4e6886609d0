import Pipeline

/// A client of a chain under test.
final class TestClient: AnswerSink {
  /// What tells clients apart.
  struct Key: Hashable {
    private let from: String?
    private let name: String?
    private let scopes: [String]
    private let isBackend: Bool
    private let token: TestToken?
    private let ingress: TestIngress
    private let address: TestAddress?

    /// - Parameter bringsToken: Whether the token is the event's, and not what the client connects with.
    init(_ step: ChainTestStep, bringsToken: Bool) {
      from = step.from?.value
      name = step.name
      scopes = step.scopes ?? []
      isBackend = step.backend ?? false
      token = bringsToken && step.from != nil ? nil : step.token?.value
      ingress = step.ingress ?? .websocket
      address = step.ip
    }
  }

  private let connection: Connection
  /// The events that are on their way, oldest first: answers come in their order.
  private var waiting: [EventTrace] = []

  init(_ step: ChainTestStep, number: UInt64) {
    connection = Connection(
      id: ConnectionID(rawValue: number), ingress: (step.ingress ?? .websocket).ingress,
      remoteAddress: step.ip?.text ?? "127.0.0.1")
    if let user = step.from?.value {
      connection.identity = Identity(
        userID: user, name: step.name, scopes: step.scopes ?? [], isBackend: step.backend ?? false)
    }
    connection.sink = self
  }

  deinit { connection.sink = nil }

  /// Makes an event of this client's, with its trace.
  func event(_ data: EventData, _ trace: EventTrace, arrival: UInt64) -> Event {
    var event = Event(trace.type, data: data, connection: connection, arrival: arrival)
    // For a chain in which no stage finds out who it is.
    event.identity = connection.identity
    event[EventTraceKey.self] = trace
    // Nobody waits for an answer to the end of a connection.
    if trace.type != .disconnect { waiting.append(trace) }
    return event
  }

  func receive(_ reply: Reply) {
    guard !waiting.isEmpty else { return }
    waiting.removeFirst().noteReply(reply)
  }
}

import Logging
public import Pipeline
import Synchronization

/// A chain with no network, no server and no file around it, for the tests of stages.
///
/// ```swift
/// let chain = TestChain([WordFilter(configuration, TestChain.context(for: WordFilter.self))])
/// let reply = await chain.send(.newMessage, ["content": "a rude word"])
/// #expect(reply.rejection?.code == "INVALID_EVENT")
/// ```
public final class TestChain: Sendable {
  /// The engine that runs the chain.
  public let engine: Engine
  /// The executor that the engine runs on.
  public let executor = ManualExecutor()
  /// What the engine has told of rejections and faults.
  public let observer = RecordingObserver()
  /// What stages have said of events.
  public let tap = RecordingTap()
  private let lastConnection = Atomic<UInt64>(0)

  /// A chain of these stages, in this order.
  ///
  /// - Parameter limit: How many events the engine may hold.
  public init(_ stages: [ChainStage], clock: EngineClock = .system, limit: Int = 65_536) {
    engine = Engine(chain: Chain(stages), executor: executor, observer: observer, clock: clock, limit: limit)
    engine.tap = tap
  }

  /// A chain of these stages with their own defaults.
  public convenience init(_ stages: [any Stage], clock: EngineClock = .system) {
    self.init(stages.map { ChainStage($0) }, clock: clock)
  }

  /// What a stage is started with: no services unless the test gives some, a logger that says nothing.
  public static func context(
    for type: any Stage.Type, services: ServiceSet = ServiceSet(), clock: EngineClock = .system
  ) -> StageContext {
    StageContext(
      name: type.name, services: services, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      clock: clock)
  }

  /// A client that is connected to the chain.
  public func connect(as identity: Identity? = Identity(userID: "alice")) -> TestClient {
    let id = lastConnection.add(1, ordering: .relaxed).newValue
    let connection = Connection(id: ConnectionID(rawValue: id), ingress: .local, remoteAddress: "127.0.0.1")
    connection.identity = identity
    return TestClient(connection, chain: self)
  }

  /// Takes one event of a new client through the chain and returns its answer.
  public func send(
    _ type: EventType, _ data: EventData = EventData(), as identity: Identity? = Identity(userID: "alice")
  ) async -> Reply {
    let client = connect(as: identity)
    client.send(type, data)
    return await client.nextReply()
  }
}

/// One client of a ``TestChain``. Used by one task at a time.
public final class TestClient: AnswerSink, Sendable {
  /// The connection as stages see it.
  public let connection: Connection
  private let chain: TestChain
  private let replies = Mutex<[Reply]>([])

  init(_ connection: Connection, chain: TestChain) {
    self.connection = connection
    self.chain = chain
    connection.sink = self
  }

  /// Keeps an answer for ``nextReply()``.
  public func receive(_ reply: Reply) { replies.withLock { $0.append(reply) } }

  /// Sends one event.
  public func send(_ type: EventType, _ data: EventData = EventData(), ref: String? = nil) {
    send([(type, data, ref)])
  }

  /// Sends events that arrive together.
  public func send(_ events: [(type: EventType, data: EventData, ref: String?)]) {
    chain.executor.drive {
      for event in events {
        let ref = event.ref.map { EventRef(json: Array("\"\($0)\"".utf8)) }
        var made = Event(event.type, data: event.data, ref: ref, connection: connection)
        made.identity = connection.identity
        chain.engine.submit(made)
      }
      chain.engine.turn()
    }
  }

  /// The answers that have come and were not taken yet.
  public func takeReplies() -> [Reply] {
    replies.withLock { replies in
      defer { replies = [] }
      return replies
    }
  }

  /// The next answer, waited for where stages take their time.
  public func nextReply() async -> Reply {
    while true {
      let reply = replies.withLock { $0.isEmpty ? nil : $0.removeFirst() }
      if let reply { return reply }
      await chain.executor.untilHandedOver()
      chain.executor.drive()
    }
  }
}

import NIOCore
import Pipeline
import Services
import Stages
import Synchronization

/// One letter on its way through the chain again: in its sender's name, and with its `tempId`, so that what its sender
/// has sent again meanwhile is not stored twice.
final class Replay: Sendable {
  private struct State {
    var failure: String?
    var waiter: CheckedContinuation<Void, any Error>?
  }

  private let state = Mutex(State())

  /// A stage has failed on it again.
  func fail(_ reason: String) { state.withLock { $0.failure = reason } }

  /// Sends the letter's event through the chain in force. One that is stored goes to its stage alone.
  ///
  /// - Throws: ``Rejection`` that says why it did not go well.
  func run(_ letter: DeadLetter, _ data: EventData, through loop: LoopGateway, as id: ConnectionID)
    async throws
  {
    try await withCheckedThrowingContinuation { continuation in
      state.withLock { $0.waiter = continuation }
      loop.eventLoop.execute { [self] in submit(letter, data, loop, id) }
    }
    if let failure = state.withLock({ $0.failure }) { throw Rejection(.internal, failure) }
  }

  private func submit(_ letter: DeadLetter, _ data: EventData, _ loop: LoopGateway, _ id: ConnectionID) {
    let connection = Connection(id: id, ingress: .local, remoteAddress: "127.0.0.1")
    if let user = letter.userID {
      connection.identity = Identity(
        userID: user, name: letter.userName, scopes: letter.scopes, isBackend: letter.isBackend)
    }
    let sink = ReplaySink(self, connection)
    connection.sink = sink
    var event = Event(
      EventType(rawValue: letter.type), data: data, connection: connection, arrival: loop.clock.monotonic())
    event.identity = connection.identity
    event[ReplayKey.self] = self
    guard letter.isStored else { return loop.submit(event) }
    if let id = letter.messageID { event[StoredSendKey.self] = SentMessage(id: id, digest: 0) }
    guard loop.submit(committed: event, for: letter.stage) else {
      connection.sink = nil
      return finish(.failure(Rejection(.notFound, "the chain has no stage '\(letter.stage)' now")))
    }
  }

  fileprivate func finish(_ result: Result<Void, any Error>) {
    state.withLock { $0.waiter.take() }?.resume(with: result)
  }
}

/// Where a replay's answer goes. The connection has nobody else to keep it.
private final class ReplaySink: AnswerSink {
  private let replay: Replay
  private var connection: Connection?

  init(_ replay: Replay, _ connection: Connection) {
    self.replay = replay
    self.connection = connection
  }

  func receive(_ reply: Reply) {
    connection?.sink = nil
    connection = nil
    replay.finish(reply.rejection.map { .failure($0) } ?? .success(()))
  }
}

/// Marks an event that is a letter tried again.
enum ReplayKey: EventKey {
  /// The attempt.
  typealias Value = Replay
}

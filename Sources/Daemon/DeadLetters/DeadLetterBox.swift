import Logging
import Pipeline
import Services
import Stages
import Synchronization

/// Keeps events that a stage has failed on in the store, for the operator.
final class DeadLetterBox: Sendable {
  /// What was kept, and what could not be.
  struct Figures: Sendable {
    var kept: UInt64 = 0
    var lost: UInt64 = 0
    var replayed: UInt64 = 0
  }

  private let store: any Store
  private let node: String
  private let clock: EngineClock
  private let logger: Logger
  private let counted = Mutex(Figures())

  var figures: Figures { counted.withLock { $0 } }

  init(store: any Store, node: NodeID, clock: EngineClock, logger: Logger) {
    self.store = store
    self.node = node.description
    self.clock = clock
    self.logger = logger
  }

  /// Keeps an event. Its sender has been told that it was not taken, or has it stored, so nobody waits.
  func keep(_ event: Event, _ reason: DeadLetterReason) {
    // What was tried again and has failed again is kept already.
    if let replay = event[ReplayKey.self] { return replay.fail("\(reason.error)") }
    let identity = event.identity
    let letter = DeadLetter(
      at: clock.wall(), type: event.type.rawValue, userID: identity?.userID, userName: identity?.name,
      isBackend: identity?.isBackend ?? false, scopes: identity?.scopes ?? [], data: event.data.json,
      stage: reason.stage, error: "\(reason.error)", revision: reason.revision, node: node,
      isStored: reason.isCommitted, messageID: reason.isCommitted ? event[StoredSendKey.self]?.id : nil)
    store.write([.deadLetter(letter)]) { [self] results in
      switch results.first {
      case .kept(let id):
        counted.withLock { $0.kept += 1 }
        logger.notice(
          "kept an event as a dead letter", metadata: ["letter": "\(id)", "stage": "\(reason.stage)"])
      case .refused(let rejection): lose(reason, rejection.message)
      case .unavailable(let fault), .unknown(let fault): lose(reason, fault)
      default: lose(reason, "the store gave no answer")
      }
    }
  }

  /// Tries a letter again, and drops it where that went well.
  ///
  /// - Throws: ``Rejection`` that says why the letter stays.
  func replay(_ id: Int64, through loop: LoopGateway, as connection: ConnectionID) async throws {
    guard let letter = try await letter(id) else { throw Rejection(.notFound, "there is no letter \(id)") }
    let data: EventData
    do throws(JSONFault) { data = try EventData(json: letter.data) } catch {
      throw Rejection(.invalidEvent, "the letter's data can't be read: \(error.reason)")
    }
    let replay = Replay()
    try await replay.run(letter, data, through: loop, as: connection)
    counted.withLock { $0.replayed += 1 }
    try await drop([id])
    logger.notice("replayed a dead letter", metadata: ["letter": "\(id)", "stage": "\(letter.stage)"])
  }

  /// A letter as it was kept.
  ///
  /// - Throws: ``Rejection`` where the store does not answer.
  func letter(_ id: Int64) async throws -> DeadLetter? {
    try await store.answer { $0.deadLetter(id, then: $1) }?.letter
  }

  /// Letters in the order in which they were kept, without their data.
  ///
  /// - Throws: ``Rejection`` where the store does not answer.
  func list(after: Int64?, limit: Int) async throws -> [DeadLetterSummary] {
    try await store.answer { $0.deadLetters(after: after, limit: limit, then: $1) }
  }

  /// Drops letters for good.
  ///
  /// - Throws: ``Rejection`` where the store does not take it.
  func drop(_ ids: [Int64]) async throws {
    let result = await withCheckedContinuation { continuation in
      store.write([.dropDeadLetters(ids)]) { continuation.resume(returning: $0.first) }
    }
    guard case .done? = result else { throw Rejection(.unavailable, "the store can't be reached; try again") }
  }

  private func lose(_ reason: DeadLetterReason, _ fault: String) {
    counted.withLock { $0.lost += 1 }
    logger.error(
      "an event could not be kept as a dead letter",
      metadata: ["stage": "\(reason.stage)", "error": "\(reason.error)", "reason": "\(fault)"])
  }
}

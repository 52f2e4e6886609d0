public import Pipeline
import Services

/// Answers messages that were sent again from memory, without asking the store.
///
/// A send is remembered only after its commit, so a hit always stands for a stored message; a miss, or a fault of the
/// shared state, leaves the decision to the store.
public struct Dedup: DeferringStage {
  /// The name in `pipeline.yaml`.
  public static let name = "dedup"
  /// What the stage does, in a line.
  public static let summary = "answers messages that were sent again, without asking the store"
  /// The keys of its configuration.
  public static let options = DedupConfiguration.options
  /// New messages.
  public static let events: EventFilter = .only(.newMessage)
  /// Fails open: the store tells duplicates too.
  public static let onError: FaultPolicy = .skip
  /// Sends are remembered once they have been committed.
  public static let hearsSettlements = true

  private let scope: String
  private let window: Duration
  private let state: any SharedState

  /// Needs identity: a send key is the sender's.
  public static func requirements(_ configuration: DedupConfiguration) -> Requirements {
    Requirements(needs: [.identity])
  }

  /// Reports a window out of range.
  public static func check(_ configuration: DedupConfiguration, _ report: inout ConfigurationReport) {
    configuration.check(&report)
  }

  /// Starts the stage.
  ///
  /// - Throws: `StageStartError` where there is no shared state.
  public init(_ configuration: DedupConfiguration, _ context: StageContext) throws {
    scope = context.name
    window = configuration.window?.duration ?? .seconds(600)
    state = try context.sharedState
  }

  /// Answers repetitions and stops them; rejects another body under a used `tempId` with `INVALID_EVENT`. What is
  /// malformed goes on, for the stage that stores messages to explain.
  public func process(_ batch: EventBatch, done: @escaping @Sendable (EventBatch) -> Void) {
    var batch = batch
    var indices: [Int] = []
    var keys: [SendKey] = []
    for index in batch.indices {
      guard let send = SeenSend(batch[index], scope: scope) else { continue }
      batch[index][SeenSendKey.self] = send
      indices.append(index)
      keys.append(send.key)
    }
    guard !keys.isEmpty else { return done(batch) }
    state.recall(keys) { [batch, indices] result in
      var batch = batch
      switch result {
      case .success(let memories):
        for (index, memory) in zip(indices, memories) {
          if let memory { Self.decide(&batch, at: index, memory) }
        }
      case .failure(let error):
        for index in indices { batch.fail(error, at: index) }
      }
      done(batch)
    }
  }

  /// Remembers what was stored.
  public func settled(_ settlements: [Settlement]) {
    var sends: [(key: SendKey, message: SentMessage)] = []
    for settlement in settlements where settlement.ending == .committed {
      // Of two stages of this kind in a chain, only the later finds its own key on the event.
      guard let send = settlement.event[SeenSendKey.self], send.key.scope == scope,
        let stored = settlement.event[StoredSendKey.self]
      else { continue }
      sends.append((send.key, SentMessage(id: stored.id, digest: send.digest)))
    }
    if !sends.isEmpty { state.remember(sends, for: window) }
  }

  /// Answers a send that was remembered.
  private static func decide(_ batch: inout EventBatch, at index: Int, _ memory: SentMessage) {
    guard let send = batch[index][SeenSendKey.self] else { return }
    guard memory.digest == send.digest else {
      return batch.reject(.invalidEvent, "data.tempId was used before for another message", at: index)
    }
    batch[index].answer(MessageEvents.sent(memory.id, tempID: send.key.tempID, .duplicate))
    batch.stop(at: index)
  }
}

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

  /// Worth it where the state is another process.
  public var asksAhead: Bool { !state.answersAtOnce }

  /// Asks what is known of messages while an earlier stage still has them.
  public func prepare(_ batch: inout EventBatch) {
    var asked: [(index: Int, send: SeenSend)] = []
    for index in batch.indices where batch[index][AskedSendKey.self]?.send.key.scope != scope {
      if let send = SeenSend(batch[index], scope: scope) { asked.append((index, send)) }
    }
    ask(about: asked, in: &batch)
  }

  /// Answers repetitions and stops them; rejects another body under a used `tempId` with `INVALID_EVENT`. What is
  /// malformed goes on, for the stage that stores messages to explain.
  public func process(_ batch: EventBatch, done: @escaping @Sendable (EventBatch) -> Void) {
    var batch = batch
    var questions: [SendQuestion] = []
    var unasked: [(index: Int, send: SeenSend)] = []
    for index in batch.indices {
      // Looked at anew: what was asked ahead may have been changed since.
      guard let send = SeenSend(batch[index], scope: scope) else {
        if batch[index][AskedSendKey.self] != nil { batch[index][AskedSendKey.self] = nil }
        continue
      }
      if let earlier = batch[index][AskedSendKey.self], earlier.send.key == send.key {
        batch[index][AskedSendKey.self] = AskedSend(send, in: earlier.question, at: earlier.place)
        if questions.last !== earlier.question { questions.append(earlier.question) }
      } else {
        unasked.append((index, send))
      }
    }
    if let question = ask(about: unasked, in: &batch) { questions.append(question) }
    guard !questions.isEmpty else { return done(batch) }
    SendQuestion.whenAnswered(questions[...]) { [batch] in
      var batch = batch
      for index in batch.indices { decide(&batch, at: index) }
      done(batch)
    }
  }

  /// Asks about sends in one call, and notes on their events where.
  @discardableResult
  private func ask(about sends: [(index: Int, send: SeenSend)], in batch: inout EventBatch) -> SendQuestion? {
    guard !sends.isEmpty else { return nil }
    let question = SendQuestion(about: sends.map(\.send.key), of: state)
    for (place, (index, send)) in sends.enumerated() {
      batch[index][AskedSendKey.self] = AskedSend(send, in: question, at: place)
    }
    return question
  }

  /// Remembers what was stored.
  public func settled(_ settlements: [Settlement]) {
    var sends: [(key: SendKey, message: SentMessage)] = []
    for settlement in settlements where settlement.ending == .committed {
      // Of two stages of this kind in a chain, only the later finds its own key on the event.
      guard let send = settlement.event[AskedSendKey.self]?.send, send.key.scope == scope,
        let stored = settlement.event[StoredSendKey.self]
      else { continue }
      sends.append((send.key, SentMessage(id: stored.id, digest: send.digest)))
    }
    if !sends.isEmpty { state.remember(sends, for: window) }
  }

  /// Answers a send that is remembered.
  private func decide(_ batch: inout EventBatch, at index: Int) {
    guard let asked = batch[index][AskedSendKey.self], asked.send.key.scope == scope,
      let answer = asked.question.answer
    else { return }
    let send = asked.send
    switch answer {
    case .failure(let error): batch.fail(error, at: index)
    case .success(let memories):
      guard let memory = memories[asked.place] else { return }
      guard memory.digest == send.digest else {
        return batch.reject(.invalidEvent, "data.tempId was used before for another message", at: index)
      }
      batch[index].answer(MessageEvents.sent(memory.id, tempID: send.key.tempID, .duplicate))
      batch.stop(at: index)
    }
  }
}

import Pipeline
import Services

/// What push stages have in common: the decision which messages are due, and the worker that has them sent. Both outlive
/// the stage, since what waits for them belongs to no generation of the chain.
struct PushLine: Sendable {
  private let decisions: PushDecisions
  private let worker: PushWorker
  /// What tells this stage from others that have had the same line.
  private let owner = PushDecisions.Owner()

  /// Takes over from the stage before, or begins with what an earlier life has left undecided.
  ///
  /// - Throws: `StageStartError` where there is no store or scheduler, or nobody who knows who is there.
  init(_ context: StageContext, reach: PushReach, timing: PushTiming, following last: PushLine?) async throws
  {
    if let last {
      (decisions, worker) = (last.decisions, last.worker)
      return
    }
    let worker = try PushWorker(context)
    self.worker = worker
    let store = try context.store
    decisions = PushDecisions(
      service: context.name, reach: reach, store: store, liveness: try context.require(LivenessKey.self),
      scheduler: try context.scheduler, clock: context.clock, logger: context.logger, timing: timing,
      lease: context.services[NodeLeaseKey.self] ?? .seconds(30), isShared: store is any SharedFeed,
      whenDue: { worker.wake() })
    await decisions.resume()
  }

  /// Decides and sends for this stage from now on.
  ///
  /// - Parameter plan: How it is sent; `nil`: not at all.
  func activate(_ timing: PushTiming, _ plan: PushPlan?) {
    decisions.adopt(by: owner, timing)
    worker.adopt(by: owner, plan)
  }

  /// Notes the messages of a batch that were stored; nothing waits for the decision.
  func note(_ batch: EventBatch) {
    var stored: [UndecidedPush] = []
    for index in batch.indices {
      guard let send = batch[index][StoredSendKey.self],
        let receiver = batch[index].data.string("receiverId"),
        receiver != batch[index].identity?.userID
      else { continue }
      stored.append(UndecidedPush(send.id, to: receiver))
    }
    if !stored.isEmpty { decisions.note(stored) }
  }

  /// Where no other stage has taken over, decides and sends nothing more; what is open is found again by the next life.
  func shutDown() async {
    await decisions.release(by: owner)
    await worker.release(by: owner)
  }
}

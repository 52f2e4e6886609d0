import Pipeline

/// A stage that does next to nothing, so that what is measured is the chain around it.
struct Trivial: EventStage {
  static let name = "trivial"
  init() {}
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ event: inout Event) -> Verdict { .continue }
}

/// The same, batch by batch.
struct TrivialBatch: BatchStage {
  static let name = "trivial_batch"
  init() {}
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ batch: inout EventBatch) {}
}

/// The same, given back at once.
struct TrivialDeferring: DeferringStage {
  static let name = "trivial_deferring"
  init() {}
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ batch: EventBatch, done: @escaping @Sendable (EventBatch) -> Void) { done(batch) }
}

/// The same, on a thread.
struct TrivialWorker: WorkerStage {
  static let name = "trivial_worker"
  init() {}
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ batch: inout EventBatch) {}
}

/// The same, as a task.
struct TrivialAsync: AsyncStage {
  static let name = "trivial_async"
  init() {}
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ event: inout Event) async -> Verdict { .continue }
}

/// Answers, as a chain's last stage does.
struct Answering: EventStage {
  static let name = "answering"
  static let pong = OutgoingEvent(.pong)
  init() {}
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ event: inout Event) -> Verdict {
    event.answer(Self.pong)
    return .stop
  }
}

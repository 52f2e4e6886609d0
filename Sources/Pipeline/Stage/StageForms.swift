/// The easy form: one event at a time, synchronously, on the event loop. It must not block.
public protocol EventStage: Stage {
  /// Looks at one event and says what becomes of it.
  ///
  /// - Throws: a ``Rejection`` to reject the event; any other error is a fault of the stage, and `on_error` decides.
  func process(_ event: inout Event) throws -> Verdict
}

/// What arrived together, synchronously, on the event loop. It must not block.
public protocol BatchStage: Stage {
  /// Looks at events in the order of their arrival; what it does not reject or stop goes on.
  ///
  /// - Throws: a fault of the stage on the whole batch; `on_error` decides.
  func process(_ batch: inout EventBatch) throws
}

/// One event at a time, as a task: for services that are only to be had as `async`. Events of different
/// connections run concurrently; a connection's next event waits for the last.
public protocol AsyncStage: Stage {
  /// Looks at one event and says what becomes of it. It is cancelled when its time is up.
  ///
  /// - Throws: a ``Rejection`` to reject the event; any other error is a fault of the stage, and `on_error` decides.
  func process(_ event: inout Event) async throws -> Verdict
}

/// Whole batches on a thread of its own, where it may block: what arrived during one batch is the next.
public protocol WorkerStage: Stage {
  /// The most events that may wait for the thread; beyond that the stage fails on the event, and `on_error` decides.
  static var queueLimit: Int { get }
  /// Looks at events in the order of their arrival; what it does not reject or stop goes on.
  ///
  /// - Throws: a fault of the stage on the whole batch; `on_error` decides.
  func process(_ batch: inout EventBatch) throws
}

extension WorkerStage {
  /// 16,384 events.
  public static var queueLimit: Int { 16_384 }
}

/// What arrived together, given back when it is done: for services that answer by a callback. What is given
/// back at once costs no more than a ``BatchStage``.
public protocol DeferringStage: Stage {
  /// Whether ``prepare(_:)`` is to be called; asked once, after the start.
  var asksAhead: Bool { get }

  /// Sees events that an earlier stage is about to be given and answers later: what this stage will have to ask for
  /// them can be under way at the same time, and where both ask the same service, in the same trip. Called on the event
  /// loop, perhaps more than once for an event, and never before a commit point that the stage stands behind.
  ///
  /// What is asked must change nothing: the event may never come here, or may have changed when it does. Answers are
  /// best left on the event under a key of the stage's own; what it says of events here is not heard.
  func prepare(_ batch: inout EventBatch)

  /// Takes events in the order of their arrival. `done` must be called once with the same events in the same
  /// order, from any thread; several batches may be under way, and come back in any order.
  func process(_ batch: EventBatch, done: @escaping @Sendable (EventBatch) -> Void)
}

extension DeferringStage {
  /// Asks nothing ahead.
  public var asksAhead: Bool { false }
  /// Asks nothing ahead.
  public func prepare(_ batch: inout EventBatch) {}
}

/// How the engine runs a stage. A form's protocol makes it; nobody else needs to.
public struct StageForm: Sendable {
  @usableFromInline enum Kind: Sendable {
    case batch(@Sendable (inout EventBatch) -> Void)
    case each(@Sendable (Event) async -> EventBatch)
    case deferring(@Sendable (EventBatch, @escaping @Sendable (EventBatch) -> Void) -> Void)
  }
  let kind: Kind
  /// Shown events on their way to an earlier stage, where it asks ahead.
  let prepare: (@Sendable (inout EventBatch) -> Void)?
  /// Called before the stage is shut down: ends the thread of a worker.
  let end: @Sendable () async -> Void

  @usableFromInline init(
    kind: Kind, prepare: (@Sendable (inout EventBatch) -> Void)? = nil,
    end: @escaping @Sendable () async -> Void
  ) {
    self.kind = kind
    self.prepare = prepare
    self.end = end
  }
}

extension EventStage {
  /// Runs event by event on the loop. Inlinable, so that the call of a stage's `process` is a direct one.
  @inlinable public func form() -> StageForm {
    StageForm(
      kind: .batch { batch in
        for index in batch.indices {
          do {
            switch try process(&batch[index]) {
            case .continue: continue
            case .stop: batch.stop(at: index)
            case .reject(let rejection): batch.reject(rejection, at: index)
            }
          } catch {
            batch.fail(error, at: index)
          }
        }
      }, end: {})
  }
}

extension BatchStage {
  /// Runs batch by batch on the loop.
  public func form() -> StageForm {
    StageForm(
      kind: .batch { batch in
        do { try process(&batch) } catch { batch.failAll(error) }
      }, end: {})
  }
}

extension AsyncStage {
  /// Runs each event as a task.
  public func form() -> StageForm {
    StageForm(
      kind: .each { event in await EventBatch.decided(event) { try await process(&$0) } }, end: {})
  }
}

extension EventBatch {
  /// An event as a batch, with what a task has said of it.
  static func decided(_ event: Event, by decision: Decision) async -> EventBatch {
    var batch = EventBatch([event])
    do {
      var changed = event
      let verdict = try await decision(&changed)
      batch[0] = changed
      switch verdict {
      case .continue: break
      case .stop: batch.stop(at: 0)
      case .reject(let rejection): batch.reject(rejection, at: 0)
      }
    } catch {
      batch.fail(error, at: 0)
    }
    return batch
  }
}

extension WorkerStage {
  /// Runs batches on a thread that lives as long as the stage.
  public func form() -> StageForm {
    let worker = WorkerThread<WorkerJob>(limit: Self.queueLimit) { jobs in
      WorkerJob.run(jobs) { batch in
        do { try process(&batch) } catch { batch.failAll(error) }
      }
    }
    return StageForm(
      kind: .deferring { batch, done in
        let job = WorkerJob(batch: batch, done: done)
        guard worker.submit(job, weight: batch.count) else {
          var refused = job.batch
          refused.failAll(StageFault.queueFull)
          return done(refused)
        }
      }, end: { await worker.end() })
  }
}

extension DeferringStage {
  /// Hands batches over and waits for them to come back.
  public func form() -> StageForm {
    let asking: @Sendable (inout EventBatch) -> Void = { batch in prepare(&batch) }
    return StageForm(
      kind: .deferring { batch, done in process(batch, done: done) }, prepare: asksAhead ? asking : nil,
      end: {})
  }
}

/// Faults that the engine finds itself.
enum StageFault: Error, CustomStringConvertible {
  case queueFull
  case timedOut
  case otherEvents

  var description: String {
    switch self {
    case .queueFull: "the stage's queue is full"
    case .timedOut: "the stage ran out of time"
    case .otherEvents: "the stage gave back other events than it was given"
    }
  }
}

import Pipeline
import Services
import Synchronization

/// Answers `CONNECT` and `AUTH` with `CONNECTED`: the last word of a chain that has found out who connects.
///
/// Where other nodes write to the store too, it asks first where the feed stands, once for all that connect together.
struct Greet: DeferringStage {
  static let name = "greet"
  static let events: EventFilter = .only(.connect, .auth)

  let node: String
  let maxFrame: Int
  let store: any Store
  let clock: EngineClock
  let scheduler: any Scheduler

  /// How long the store may take to say where its feed stands: who connects does not wait for one that hangs.
  private static let patience = Duration.milliseconds(500)

  init(node: String, maxFrame: Int, store: any Store, clock: EngineClock, scheduler: any Scheduler) {
    self.scheduler = scheduler
    self.node = node
    self.maxFrame = maxFrame
    self.store = store
    self.clock = clock
  }

  init(_ configuration: NoConfiguration, _ context: StageContext) throws {
    self.init(
      node: "local", maxFrame: 65_536, store: try context.store, clock: context.clock,
      scheduler: try context.scheduler)
  }

  func process(_ batch: EventBatch, done: @escaping @Sendable (EventBatch) -> Void) {
    let position = store.horizon.position
    guard let feed = store as? any SharedFeed else { return done(greeted(batch, position, position)) }
    let waiting = WaitingBatch(batch)
    let asked = feed.horizon.askingForStand()
    feed.stand { result in
      let now = try? result.get()
      if now != nil { feed.horizon.standIsKnown(asked) }
      guard let batch = waiting.take() else { return }
      done(now.map { greeted(batch, position, $0) } ?? greetedWithoutStand(batch, position))
    }
    scheduler.after(Self.patience) {
      guard let batch = waiting.take() else { return }
      done(greetedWithoutStand(batch, position))
    }
  }

  /// Without an answer, where this node stood is good enough to begin: it lies before. But from where on those who come
  /// are to be told what is found in the feed is not known.
  private func greetedWithoutStand(_ batch: EventBatch, _ position: Position) -> EventBatch {
    store.horizon.standIsUnknown()
    return greeted(batch, position, position)
  }

  /// - Parameters:
  ///   - position: Where one may go on who has been connected.
  ///   - now: Where one may begin who has just connected, and was sent nothing yet.
  private func greeted(_ batch: EventBatch, _ position: Position, _ now: Position) -> EventBatch {
    var batch = batch
    for index in batch.indices {
      // Without a token a connection is let in to send AUTH; there is nobody to greet yet.
      guard let identity = batch[index].identity else { continue }
      let start = batch[index].type == .connect ? max(position, now) : position
      let cursor = Cursor(epoch: store.epoch, position: start).text(for: identity.userID)
      let connection = batch[index].connection.id.description
      batch[index].answer(
        OutgoingEvent(.connected) { data in
          data.member("userId", identity.userID)
          data.member("connectionId", connection)
          data.member("nodeId", node)
          data.member("serverTime", clock.wall())
          if let expiry = identity.expiresAt {
            data.member("tokenExpiresAt", expiry)
          } else {
            data.null("tokenExpiresAt")
          }
          data.member("maxFrameBytes", maxFrame)
          data.member("cursor", cursor)
        })
    }
    return batch
  }
}

/// A batch that whoever comes first takes and answers.
private final class WaitingBatch: Sendable {
  private let batch: Mutex<EventBatch?>

  init(_ batch: EventBatch) { self.batch = Mutex(batch) }

  func take() -> EventBatch? {
    batch.withLock { batch in
      defer { batch = nil }
      return batch
    }
  }
}

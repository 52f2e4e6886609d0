import NIOCore
import NIOPosix
import Pipeline
import Services

/// Answers `PING` with the time and a cursor that is safe to come back with.
///
/// A cursor must not be ahead of what the client has been sent. Deliveries of changes up to the store's horizon have
/// been handed to this connection's loop by the time the horizon is read, though perhaps not carried out there; the
/// loop carries out what it was handed in order, so one more pass through its queue makes sure that they are.
struct Pong: DeferringStage {
  static let name = "pong"
  static let events: EventFilter = .only(.ping)

  let store: any Store
  let clock: EngineClock

  init(store: any Store, clock: EngineClock) {
    self.store = store
    self.clock = clock
  }

  init(_ configuration: NoConfiguration, _ context: StageContext) throws {
    self.init(store: try context.store, clock: context.clock)
  }

  func process(_ batch: EventBatch, done: @escaping @Sendable (EventBatch) -> Void) {
    let position = store.horizon.position
    guard let loop = MultiThreadedEventLoopGroup.currentEventLoop else {
      return done(answered(batch, position))
    }
    loop.execute { done(answered(batch, position)) }
  }

  private func answered(_ batch: EventBatch, _ position: Position) -> EventBatch {
    var batch = batch
    let now = clock.wall()
    for index in batch.indices {
      guard let user = batch[index].identity?.userID else { continue }
      let cursor = Cursor(epoch: store.epoch, position: position).text(for: user)
      batch[index].answer(
        OutgoingEvent(.pong) { data in
          data.member("serverTime", now)
          data.member("cursor", cursor)
        })
    }
    return batch
  }
}

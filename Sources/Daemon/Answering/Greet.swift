import Pipeline
import Services

/// Answers `CONNECT` and `AUTH` with `CONNECTED`: the last word of a chain that has found out who connects.
struct Greet: EventStage {
  static let name = "greet"
  static let events: EventFilter = .only(.connect, .auth)

  let node: String
  let maxFrame: Int
  let store: any Store
  let clock: EngineClock

  init(node: String, maxFrame: Int, store: any Store, clock: EngineClock) {
    self.node = node
    self.maxFrame = maxFrame
    self.store = store
    self.clock = clock
  }

  init(_ configuration: NoConfiguration, _ context: StageContext) throws {
    self.init(node: "local", maxFrame: 65_536, store: try context.store, clock: context.clock)
  }

  func process(_ event: inout Event) -> Verdict {
    // Without a token a connection is let in to send AUTH; there is nobody to greet yet.
    guard let identity = event.identity else { return .continue }
    let cursor = Cursor(epoch: store.epoch, position: store.horizon.position).text(for: identity.userID)
    event.answer(
      OutgoingEvent(.connected) { data in
        data.member("userId", identity.userID)
        data.member("connectionId", event.connection.id.description)
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
    return .continue
  }
}

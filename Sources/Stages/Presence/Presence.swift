import Logging
public import Pipeline
import Services

/// Keeps who is online, and tells those who have messages with a user when that changes.
///
/// A user is online while any of their connections is, and for `offline_after` beyond the last. An event is held until
/// the shared state has noted it, never for the peers to be told. A request over HTTP is no device.
public struct Presence: DeferringStage {
  /// The name in `pipeline.yaml`.
  public static let name = "presence"
  /// What the stage does, in a line.
  public static let summary = "keeps who is online and tells their peers of changes"
  /// The keys of its configuration.
  public static let options = PresenceConfiguration.options
  /// Connecting, authenticating and disconnecting.
  public static let events: EventFilter = .only(.connect, .auth, .disconnect)
  /// Fails open: delivery does not depend on presence.
  public static let onError: FaultPolicy = .skip

  private let state: any SharedState
  private let scheduler: any Scheduler
  /// `nil` where nobody is told.
  private let announcer: PresenceAnnouncer?
  private let sessions: (any Sessions)?
  private let deviceLimit: Setting<Int>
  private let grace: Duration
  private let clock: EngineClock
  private let logger: Logger

  /// Needs identity and gives presence.
  public static func requirements(_ configuration: PresenceConfiguration) -> Requirements {
    Requirements(needs: [.identity], gives: [.presence])
  }

  /// Reports a grace period or a number of updates out of range.
  public static func check(_ configuration: PresenceConfiguration, _ report: inout ConfigurationReport) {
    configuration.check(&report)
  }

  /// Starts the stage.
  ///
  /// - Throws: `StageStartError` where there is no shared state, scheduler, store or router.
  public init(_ configuration: PresenceConfiguration, _ context: StageContext) throws {
    state = try context.sharedState
    scheduler = try context.scheduler
    announcer = PresenceAnnouncer(
      store: try context.store, router: try context.router, limit: configuration.maxUpdates ?? 1000,
      logger: context.logger)
    sessions = context.services[SessionsKey.self]
    deviceLimit = context.services[DeviceLimitKey.self] ?? Setting(.max)
    grace = configuration.offlineAfter?.duration ?? .seconds(10)
    clock = context.clock
    logger = context.logger
  }

  /// Notes where users have their devices, and tells nobody: for a chain without presence, on whose nodes deliveries find
  /// devices all the same.
  ///
  /// - Throws: `StageStartError` where there is no shared state or scheduler.
  package init(silently context: StageContext) throws {
    state = try context.sharedState
    scheduler = try context.scheduler
    announcer = nil
    sessions = context.services[SessionsKey.self]
    deviceLimit = context.services[DeviceLimitKey.self] ?? Setting(.max)
    grace = .zero
    clock = context.clock
    logger = context.logger
  }

  /// From now on it is the one that looks after users whose node has gone.
  public func activate() {
    state.watchAbandoned { [self] users in
      for user in users { waitForReturn(of: user) }
    }
  }

  /// Notes who has come and gone, and sets off the updates for those whose presence that changed.
  public func process(_ batch: EventBatch, done: @escaping @Sendable (EventBatch) -> Void) {
    let moves = batch.indices.filter { batch[$0].identity != nil && batch[$0].connection.ingress != .http }
    guard !moves.isEmpty else { return done(batch) }
    let pending = PendingBatch(batch, awaiting: moves.count, done)
    for index in moves {
      let event = batch[index]
      guard let user = event.identity?.userID else { continue }
      if event.type == .disconnect {
        state.depart(user, device: event.connection.id) { result in
          if case .success(true) = result { waitForReturn(of: user) }
          pending.resolve(result, at: index)
        }
      } else {
        state.arrive(user, device: event.connection.id, limit: deviceLimit.value) { result in
          if case .success(let arrival) = result {
            if arrival.cameOnline { announcer?.announce(.online, user, lastSeen: clock.wall()) }
            for device in arrival.displaced { sessions?.replace(device, of: user) }
          }
          pending.resolve(result.map { $0.cameOnline }, at: index)
        }
      }
    }
  }

  /// Tells the peers of a user whose last device has gone, unless one comes back in time.
  private func waitForReturn(of user: String) {
    scheduler.after(grace) {
      state.lapse(user, after: grace) { result in
        switch result {
        case .success(let lastSeen?): announcer?.announce(.offline, user, lastSeen: lastSeen)
        case .success(nil): break
        case .failure(let error):
          logger.warning("a user's absence could not be noted", metadata: ["reason": "\(error)"])
        }
      }
    }
  }
}

import Logging
import Pipeline
import Services

/// How deliveries find devices: those of this node by its hub, those of others by the cluster where there are others.
struct NodeRouting: Sendable {
  let hub: Hub
  let cluster: ClusterRouter?
  let follower: FeedFollower?

  var router: any Router { if let cluster { cluster } else { hub } }
  var sessions: any Sessions { if let cluster { cluster } else { hub } }
  var liveness: any Liveness { if let cluster { cluster } else { hub } }

  init(
    hub: Hub, store: any Store, state: any SharedState, names: NameBook, revocations: RevocationList,
    scheduler: any Scheduler, clock: EngineClock, logger: Logger
  ) {
    self.hub = hub
    let feed = store as? any SharedFeed
    let bus = state as? any NodeBus
    follower = feed.map {
      FeedFollower(feed: $0, hub: hub, scheduler: scheduler, clock: clock, logger: logger)
    }
    guard bus != nil || follower != nil else {
      cluster = nil
      return
    }
    let cluster = ClusterRouter(
      hub: hub, bus: bus, follower: follower, names: names, revocations: revocations, clock: clock,
      scheduler: scheduler, logger: logger
    ) {
      store.revocations { if case .success(let all) = $0 { for one in all { revocations.add(one) } } }
    }
    bus?.listen(cluster)
    feed?.watchUnknown { cluster.ownMayBeMissing() }
    self.cluster = cluster
  }
}

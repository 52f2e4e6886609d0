import Logging
import Pipeline
import Services
import Stages

/// Makes chains: the stages that a plan declares, and behind them the daemon's own.
struct ChainAssembly: Sendable {
  let services: ServiceSet
  let store: any Store
  let state: any SharedState
  let router: any Router
  let sessions: any Sessions
  let names: NameBook
  let revocations: RevocationList
  let scheduler: any Scheduler
  let node: NodeID
  /// Tells other nodes of a user's new name.
  let tellNodes: @Sendable (String, String) -> Void
  /// Whether other nodes have to be told where users have their devices, also where no stage keeps presence.
  let placesDevices: Bool
  let clock: EngineClock
  let logger: Logger

  /// Starts what a plan declares; the stages of `last` that are to be as they are, it keeps.
  ///
  /// - Throws: what keeps a stage from working; what was started for this chain has been ended then.
  func chain(_ daemon: DaemonConfiguration, _ plan: ChainPlan, following last: Chain?, revision: Int)
    async throws -> Chain
  {
    let own = try ownStages(daemon, plan)
    let stages = try await plan.start(services, logger, clock, following: last?.stages ?? [])
    return Chain(stages + own, revision: revision)
  }

  private func ownStages(_ daemon: DaemonConfiguration, _ plan: ChainPlan) throws -> [ChainStage] {
    let keepsPresence = plan.configuration(of: Presence.self) != nil
    var own: [ChainStage] = []
    if placesDevices, !keepsPresence {
      let context = StageContext(name: "placement", services: services, logger: logger, clock: clock)
      own.append(ChainStage(try Presence(silently: context), name: "placement"))
    }
    let questions = Questions(
      store: store, state: keepsPresence ? state : nil, audience: plan.audience, clock: clock)
    let commands = Commands(
      store: store, router: router, sessions: sessions, names: names, revocations: revocations, clock: clock,
      tellNodes: tellNodes)
    own.append(
      ChainStage(
        Greet(
          node: node.description, maxFrame: daemon.gatewaySettings.maxFrame, store: store, clock: clock,
          scheduler: scheduler)))
    own.append(
      ChainStage(Read(questions: questions, commands: commands, backendScope: daemon.backendScope)))
    own.append(ChainStage(Pong(store: store, clock: clock)))
    return own
  }
}

extension ChainPlan {
  /// Who may write to whom, as the stage that stores messages is set.
  var audience: Audience { configuration(of: Persist.self)?.whoMayMessage ?? .anyone }
}

import Logging
package import NIOCore
package import Pipeline
package import Services
import Stages

/// The gateway of one loop with the chain of a configuration, on a loop, a clock, a store and channels of the caller's: for
/// what counts instructions, which no socket, no thread and no real clock may disturb.
package final class SocketlessGateway: Sendable {
  private let loop: LoopGateway

  /// Starts the stages of a configuration.
  ///
  /// - Throws: what keeps them from working.
  package init(
    configuration path: String, state: any SharedState, store: any Store, clock: EngineClock,
    eventLoop: any EventLoop
  ) async throws {
    let loaded = LoadedConfiguration(
      path, StageRegistry(StandardStages.all), environment: ProcessEnvironment.variables)
    guard let content = loaded.content, !loaded.hasErrors else { throw CommandError(loaded.report.text) }
    let logger = Logger(label: "sluice") { _ in SwiftLogNoOpLogHandler() }
    let node = NodeID(rawValue: 1)
    let shared = GatewayShared(firstConnection: 0, horizon: store.horizon)
    let assembly = ChainAssembly(
      ChainAssembly.Parts(
        store: store, state: state, lease: content.daemon.lease, router: shared.hub, sessions: shared.hub,
        liveness: shared.hub, live: try LiveSettings(content, LogLevel()),
        scheduler: LoopScheduler(eventLoop: eventLoop), fetcher: NoWeb(), sender: NoWeb(),
        pushes: PushBook(), metrics: StageMetrics(), names: NameBook(), revocations: RevocationList()),
      node: node, clock: clock, logger: logger
    ) { _, _ in }
    let chain = try await assembly.chain(content.daemon, content.plan, following: nil, revision: 1)
    let letters = DeadLetterBox(store: store, node: node, clock: clock, logger: logger)
    loop = LoopGateway(
      eventLoop: eventLoop, shared: shared, settings: content.daemon.gatewaySettings, chain: chain,
      observer: LoggingObserver(logger: logger, letters: letters), clock: clock)
    for stage in chain.stages { stage.instance.stage.activate() }
  }

  /// Makes a channel the open WebSocket of a user who has been authenticated. On the loop only.
  package func connect(_ user: String, on channel: any Channel) throws {
    let connection = Connection(
      id: loop.shared.nextConnectionID(), ingress: .webSocket, remoteAddress: "192.0.2.1")
    connection.identity = Identity(userID: user, name: user)
    let handler = WebSocketHandler(
      loop: loop, connection: connection, channel: channel, deflate: nil, admission: nil)
    try channel.pipeline.syncOperations.addHandler(handler)
    _ = loop.shared.hub.register(handler.outbox, user: user, limit: loop.settings.maxConnectionsPerUser)
  }

  /// Hands events to devices, as stages do. On the loop only.
  package func deliver(_ deliveries: [Delivery]) { loop.shared.hub.deliver(deliveries) }
}

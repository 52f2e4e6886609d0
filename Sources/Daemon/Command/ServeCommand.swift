import ArgumentParser
import Glibc
import Logging
import Pipeline

/// `sluice serve`.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Run the daemon.",
    discussion:
      "Example: sluice serve --config /etc/sluice/pipeline.yaml\n\nExit code 78: the file has faults.")

  @OptionGroup var options: ConfigurationOptions

  @Option(name: .long, help: "The least level that is logged, whatever 'server.log_level' says.")
  var logLevel: LogLevelName?

  func run() async throws {
    // First of all, while nothing else looks at the environment.
    let sockets = PassedSockets.take()
    var loaded = options.load()
    if let daemon = loaded.content?.daemon { loaded.add(sockets.findings(daemon)) }
    if !loaded.faults.isEmpty { CommandLineTool.printError(String(loaded.report.text.dropLast())) }
    // EX_CONFIG: systemd is told not to restart on it.
    guard let content = loaded.content, !loaded.hasErrors else { throw ExitCode(78) }
    sockets.closeUnused(by: content.daemon)
    let level = LogLevel(given: logLevel?.level)
    level.configure(content.daemon.logLevel.level)
    let handlers = LogHandlers(level: level, environment: ProcessEnvironment.variables)
    let logger = Logger(label: "sluice", factory: handlers.make)
    let signals = SignalWatch([SIGTERM, SIGINT, SIGHUP])
    let outgoing = OutgoingHTTP(environment: ProcessEnvironment.variables)
    let (fetcher, sender) = (HTTPFetcher(outgoing), HTTPSender(outgoing))
    let reports = ServiceReports(
      SystemdNotifier(environment: ProcessEnvironment.variables, logger: logger))
    let node: Node
    do {
      let options = options
      node = try await reports.starting {
        try await Node(
          content, sockets: sockets, load: { options.load() }, fetcher: fetcher, sender: sender,
          logger: logger,
          logLevel: level, watcher: reports.reload)
      }
    } catch {
      await fetcher.close()
      await sender.close()
      throw CommandError("\(error)")
    }
    logger.notice("ready", metadata: ["listen": "\(node.address)", "version": "\(Sluice.version)"])
    reports.ready("revision 1 is in force, clients come to \(node.address)")
    if let period = reports.period { node.watch(every: period, alive: reports.alive) }
    var received = await signals.next()
    while received == SIGHUP {
      // A stage that takes long to start must not hold up the end.
      Task { await node.reload() }
      received = await signals.next()
    }
    logger.notice("draining", metadata: ["signal": "\(received == SIGINT ? "SIGINT" : "SIGTERM")"])
    reports.stopping(within: node.drain)
    await node.shutDown()
    await fetcher.close()
    await sender.close()
    await reports.end()
    logger.notice("stopped")
  }
}

extension LogLevelName: ExpressibleByArgument {}

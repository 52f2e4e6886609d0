import Logging
import NIOPosix
import Pipeline
import Services
import Stages

/// What is set in the file, belongs to no stage, and may change while the daemon runs.
final class LiveSettings: Sendable {
  let certificates: Certificates?
  let deviceLimit: Setting<Int>
  let audience: Setting<Audience>
  /// The chain as it is declared.
  let plan: Setting<ChainPlan>
  private let logLevel: LogLevel
  private let drainWindow: Setting<Duration>
  private let drainNotice: Setting<Duration>

  /// How long the daemon may take to end.
  var drain: Duration { drainWindow.value }

  /// How long before that the daemon says that it is to end, and serves on.
  var drainLead: Duration { drainNotice.value }

  /// - Throws: ``TLSFiles/Fault`` where the certificate can't be used.
  init(_ content: LoadedConfiguration.Content, _ logLevel: LogLevel) throws(TLSFiles.Fault) {
    if let files = content.daemon.server?.tls {
      certificates = try Certificates(files)
    } else {
      certificates = nil
    }
    deviceLimit = Setting(content.daemon.gatewaySettings.maxConnectionsPerUser)
    audience = Setting(content.plan.audience)
    plan = Setting(content.plan)
    self.logLevel = logLevel
    drainWindow = Setting(content.daemon.drain)
    drainNotice = Setting(content.daemon.drainLead)
  }

  /// Puts a file's settings in force, after reading again what it names.
  ///
  /// - Throws: ``TLSFiles/Fault`` where the certificate can't be used; nothing has changed then.
  func take(_ content: LoadedConfiguration.Content) async throws(TLSFiles.Fault) {
    if let certificates, let files = content.daemon.server?.tls {
      // Reading blocks, which no thread that runs tasks may.
      let read = try? await NIOThreadPool.singleton.runIfActive { certificates.read(files) }
      if case .failure(let fault) = read { throw fault }
    }
    deviceLimit.value = content.daemon.gatewaySettings.maxConnectionsPerUser
    audience.value = content.plan.audience
    plan.value = content.plan
    logLevel.configure(content.daemon.logLevel.level)
    drainWindow.value = content.daemon.drain
    drainNotice.value = content.daemon.drainLead
  }
}

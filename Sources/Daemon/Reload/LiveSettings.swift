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
  private let lead: Setting<Duration>
  private let window: Setting<Duration>

  /// How long the daemon may take to end.
  var drain: Duration { drainLead + drainWindow }

  /// For how long of that it serves on, having said that it is to end.
  var drainLead: Duration { lead.value }

  /// How long clients and events have from then on.
  var drainWindow: Duration { window.value }

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
    lead = Setting(content.daemon.drainLead)
    window = Setting(content.daemon.drain)
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
    lead.value = content.daemon.drainLead
    window.value = content.daemon.drain
  }
}

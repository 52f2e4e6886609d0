import Logging
import MemoryState
import NIOCore
import NIOPosix
import Pipeline
import PostgresStore
import RedisState
import SQLiteStore
import Services

/// What stands behind the seams, opened by its addresses.
enum Backends {
  /// Opens the store. Blocks until it is open.
  ///
  /// - Throws: `StoreError`.
  static func store(
    _ configuration: DaemonConfiguration, logger: Logger, clock: EngineClock = .system
  ) throws(StoreError) -> any Store {
    switch configuration.storeURL {
    case .sqlite(let path):
      try SQLiteStore(path: path, options: configuration.sqliteOptions, logger: logger, clock: clock)
    case .postgres(let url):
      try PostgresStore(url, options: configuration.postgresOptions, logger: logger, clock: clock)
    }
  }

  /// Opens the shared state.
  ///
  /// - Throws: what trying again can't mend.
  static func state(
    _ configuration: DaemonConfiguration, group: any EventLoopGroup, node: NodeID, logger: Logger,
    clock: EngineClock
  ) async throws -> any SharedState {
    switch configuration.stateURL {
    case .memory: return MemoryState(clock: clock)
    case .redis(let url):
      var options = RedisOptions()
      options.lease = configuration.lease
      return try await RedisState(
        url: url, group: group, node: node, clock: clock, logger: logger, options: options)
    }
  }

  /// What is wrong or dubious about the backends now, found by asking them.
  static func findings(_ configuration: DaemonConfiguration) async -> [Finding] {
    var findings: [Finding] = []
    if case .postgres(let url) = configuration.storeURL {
      // It waits for the server, which no thread that runs tasks may.
      let answer = try? await NIOThreadPool.singleton.runIfActive { PostgresStore.check(url) }
      let (faults, warnings) = answer ?? (["it can't be asked"], [])
      findings += faults.map { Finding(key: "store", text: "'store' can't be used: \($0)", severity: .error) }
      findings += warnings.map { Finding(key: "store", text: $0, severity: .warning) }
    }
    if case .redis(let url) = configuration.stateURL, let fault = await RedisState.check(url) {
      findings.append(Finding(key: "state", text: "'state' can't be used: \(fault)", severity: .error))
    }
    return findings
  }
}

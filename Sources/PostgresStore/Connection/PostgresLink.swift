import Logging
import Services
import Synchronization

/// A connection that is made again when it was lost. Owned by one thread, which calls ``lookAfter()`` now and then.
final class PostgresLink {
  private let url: PostgresURL
  private let name: String
  private let patience: Duration
  private let logger: Logger
  private let health: LinkHealth
  private let prepare: (PostgresConnection) throws(PostgresError) -> Void
  private var backoff = Backoff()
  private var nextTry = ContinuousClock.now
  private(set) var connection: PostgresConnection?

  /// - Parameters:
  ///   - connection: One that is open already.
  ///   - prepare: What a new connection has to go through before it is used.
  init(
    _ url: PostgresURL, name: String, patience: Duration, logger: Logger, health: LinkHealth,
    connection: PostgresConnection?, prepare: @escaping (PostgresConnection) throws(PostgresError) -> Void
  ) {
    self.url = url
    self.name = name
    self.patience = patience
    self.logger = logger
    self.health = health
    self.connection = connection
    self.prepare = prepare
    health.set(connection == nil ? "the connection is not open yet" : nil)
  }

  /// Connects where that is due, and finds out whether the server has gone while nothing was asked of it.
  func lookAfter() {
    if let connection {
      if connection.hasEnded { lost(PostgresError("the server has ended the connection")) }
      return
    }
    guard ContinuousClock.now >= nextTry else { return }
    do throws(PostgresError) {
      let fresh = try PostgresConnection(url, patience: patience)
      try prepare(fresh)
      connection = fresh
      backoff.succeeded()
      health.set(nil)
      logger.info("connected to PostgreSQL", metadata: ["connection": "\(name)"])
    } catch {
      nextTry = .now + backoff.failed()
      health.set(error.description)
      logger.debug("no connection to PostgreSQL", metadata: ["connection": "\(name)", "error": "\(error)"])
    }
  }

  /// Lets go of a connection that is of no use any more.
  func lost(_ error: PostgresError) {
    guard connection != nil else { return }
    connection = nil
    nextTry = .now
    health.set(error.description)
    logger.warning("lost PostgreSQL", metadata: ["connection": "\(name)", "error": "\(error)"])
  }
}

/// Whether a connection is there, for those who would wait for it in vain. Callable from any thread.
final class LinkHealth: Sendable {
  private let fault = Mutex<String?>(nil)

  /// Why there is no connection; `nil` where there is one.
  var reason: String? { fault.withLock { $0 } }

  func set(_ reason: String?) { fault.withLock { $0 = reason } }
}

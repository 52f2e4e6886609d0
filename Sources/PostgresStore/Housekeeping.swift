import Logging
import Pipeline
import Services

/// What is done now and then, by every node: it notes how far the feed has come, drops what is past its retention and makes
/// partitions ahead. Confined to the thread of the reader that does it, so that no commit waits for it.
struct Housekeeping {
  /// How often the feed's progress is noted.
  private static let interval = Duration.seconds(10)
  /// How often partitions are looked after.
  private static let partitionInterval = Duration.seconds(600)
  /// How long dead letters are let alone between two pieces of those past their retention.
  private static let pieceInterval = Duration.milliseconds(250)

  private let options: PostgresOptions
  private let oldest: FeedStart
  private let clock: EngineClock
  private let logger: Logger
  private var next: ContinuousClock.Instant = .now
  private var nextPartitions: ContinuousClock.Instant = .now
  private var nextLetters: ContinuousClock.Instant = .now

  init(options: PostgresOptions, oldest: FeedStart, clock: EngineClock, logger: Logger) {
    self.options = options
    self.oldest = oldest
    self.clock = clock
    self.logger = logger
  }

  /// Does what is due.
  mutating func run(on connection: PostgresConnection) throws(PostgresError) {
    let now = clock.wall()
    if .now >= next {
      next = .now + Self.interval
      let keys = MessageID.lowest(at: now + (.zero - options.sendKeyRetention))
      let deleted = now + (.zero - options.deletedRetention)
      _ = try connection.run([
        PostgresStatement(
          "SELECT keep_house($1, $2, $3)",
          [.integer(now.milliseconds), .integer(keys.rawValue), .integer(deleted.milliseconds)])
      ])
      let devices = now + (.zero - options.deviceRetention)
      let pushes = MessageID.lowest(at: now + (.zero - PushBacklog.longestWait))
      _ = try connection.run([
        PostgresStatement(
          "SELECT drop_old_devices($1), drop_old_pushes($2)",
          [.integer(devices.milliseconds), .integer(pushes.rawValue)])
      ])
    }
    if .now >= nextLetters {
      nextLetters = .now + Self.interval
      let letters = now + (.zero - options.deadLetterRetention)
      let dropped = try connection.run([
        PostgresStatement("SELECT drop_dead_letters($1)", [.integer(letters.milliseconds)])
      ])[0].integer(0, 0)
      // Where some were past it there may be more.
      if dropped > 0 { nextLetters = .now + Self.pieceInterval }
    }
    if .now >= nextPartitions {
      nextPartitions = .now + Self.partitionInterval
      let current = MessageID.lowest(at: now)
      _ = try connection.run([PostgresStatement("SELECT make_partitions($1)", [.integer(current.rawValue)])])
      try drop(from: connection, at: now)
    }
  }

  /// Drops what is past its retention, and notes where the feed begins now; another node may have moved that too.
  private func drop(from connection: PostgresConnection, at now: Timestamp) throws(PostgresError) {
    if let retention = options.messageRetention {
      let moment = now + (.zero - retention)
      let dropped = try connection.run([
        PostgresStatement(
          "SELECT drop_partitions($1, $2)",
          [.integer(MessageID.lowest(at: moment).rawValue), .integer(moment.milliseconds)])
      ])[0].integer(0, 0)
      if dropped > 0 {
        logger.notice("dropped messages past their retention", metadata: ["partitions": "\(dropped)"])
      }
    }
    let start = try connection.run([PostgresStatement("SELECT oldest_position FROM meta")])[0]
    oldest.move(to: UInt64(bitPattern: start.integer(0, 0)))
  }
}

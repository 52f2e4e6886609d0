/// How a SQLite store is kept.
public struct SQLiteOptions: Sendable {
  /// How long a send key is kept: within it, sending again is safe.
  public var sendKeyRetention: Duration
  /// How long the content of a deleted message is kept.
  public var deletedRetention: Duration
  /// How long an event that a stage has failed on is kept.
  public var deadLetterRetention: Duration
  /// How long a device is kept that nobody registers again.
  public var deviceRetention: Duration
  /// Whether the words of messages are indexed, so that they can be searched.
  public var keepsSearchIndex: Bool
  /// How many changes may wait for the writer; beyond, they are refused as unavailable. Large ones count for several.
  public var queueLimit: Int
  /// How many changes share one transaction at most. Large ones count for several.
  public var batchLimit: Int
  /// How many pages the file may have; `nil` for as many as the disk holds.
  public var pageLimit: Int?

  /// The defaults: send keys for seven days, deleted content and dead letters for thirty, devices for 270, no
  /// search, 65,536 waiting, 4,096 a transaction, no limit of pages.
  public init(
    sendKeyRetention: Duration = .seconds(7 * 86_400), deletedRetention: Duration = .seconds(30 * 86_400),
    deadLetterRetention: Duration = .seconds(30 * 86_400), deviceRetention: Duration = .seconds(270 * 86_400),
    keepsSearchIndex: Bool = false, queueLimit: Int = 65_536, batchLimit: Int = 4096,
    pageLimit: Int? = nil
  ) {
    self.sendKeyRetention = sendKeyRetention
    self.deletedRetention = deletedRetention
    self.deadLetterRetention = deadLetterRetention
    self.deviceRetention = deviceRetention
    self.keepsSearchIndex = keepsSearchIndex
    self.queueLimit = queueLimit
    self.batchLimit = batchLimit
    self.pageLimit = pageLimit
  }
}

/// What a SQLite store has done since it was opened.
public struct SQLiteFigures: Sendable, Equatable {
  /// Transactions that were committed.
  public var commits: UInt64
  /// Changes that were made durable by them.
  public var writes: UInt64
  /// Transactions that failed as a whole.
  public var failures: UInt64
}

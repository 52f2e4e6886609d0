/// How a PostgreSQL store is kept.
public struct PostgresOptions: Sendable {
  /// How long a send key is kept: within it, sending again is safe.
  public var sendKeyRetention: Duration
  /// How long the content of a deleted message is kept.
  public var deletedRetention: Duration
  /// How long an event that a stage has failed on is kept.
  public var deadLetterRetention: Duration
  /// How long a device is kept that nobody registers again.
  public var deviceRetention: Duration
  /// How long messages are kept, to 30 days; `nil`: for good.
  public var messageRetention: Duration?
  /// Whether the words of messages are indexed, so that they can be searched.
  public var keepsSearchIndex: Bool
  /// How many changes may wait for a writer; beyond, they are refused as unavailable. Large ones count for several.
  public var queueLimit: Int
  /// How many changes share one transaction at most. Large ones count for several.
  public var batchLimit: Int
  /// How many connections write. The changes of one user always go by the same one, so that they keep their order.
  public var writers: Int
  /// How many connections read.
  public var readers: Int

  /// The defaults: send keys for seven days, deleted content and dead letters for thirty, devices for 270, no
  /// search, 65,536 waiting, 1,024 a transaction, two writers and two readers.
  public init(
    sendKeyRetention: Duration = .seconds(7 * 86_400), deletedRetention: Duration = .seconds(30 * 86_400),
    deadLetterRetention: Duration = .seconds(30 * 86_400), deviceRetention: Duration = .seconds(270 * 86_400),
    messageRetention: Duration? = nil,
    keepsSearchIndex: Bool = false, queueLimit: Int = 65_536, batchLimit: Int = 1024, writers: Int = 2,
    readers: Int = 2
  ) {
    self.sendKeyRetention = sendKeyRetention
    self.deletedRetention = deletedRetention
    self.deadLetterRetention = deadLetterRetention
    self.deviceRetention = deviceRetention
    self.messageRetention = messageRetention
    self.keepsSearchIndex = keepsSearchIndex
    self.queueLimit = queueLimit
    self.batchLimit = batchLimit
    self.writers = writers
    self.readers = readers
  }
}

import Logging
import Pipeline
import Services

/// Commits what waits, as one transaction. Confined to the writer's thread.
final class GroupCommit {
  private let connection: SQLiteConnection
  private let options: SQLiteOptions
  private let logger: Logger
  private let clock: EngineClock
  private let ledger: Ledger
  private let horizon: FeedHorizon
  private var position: Position
  private var conversations = ConversationCache()
  private var lastMoment = Timestamp(milliseconds: .min)
  private var lastPruning = Timestamp(milliseconds: .min)
  private var nextLetters = Timestamp(milliseconds: .min)

  init(
    connection: SQLiteConnection, position: Position, options: SQLiteOptions, logger: Logger,
    clock: EngineClock,
    ledger: Ledger, horizon: FeedHorizon
  ) {
    self.connection = connection
    self.position = position
    self.options = options
    self.logger = logger
    self.clock = clock
    self.ledger = ledger
    self.horizon = horizon
  }

  /// Makes the changes of all submissions durable, then tells each what became of its own.
  func commit(_ submissions: [SQLiteStore.Submission]) {
    var group: [SQLiteStore.Submission] = []
    var size = 0
    for submission in submissions {
      let weight = submission.writes.weight
      if size + weight > options.batchLimit, !group.isEmpty {
        commitGroup(group)
        group = []
        size = 0
      }
      group.append(submission)
      size += weight
    }
    if !group.isEmpty { commitGroup(group) }
  }

  private func commitGroup(_ group: [SQLiteStore.Submission]) {
    let size = group.reduce(0) { $0 + $1.writes.count }
    var changes = ChangeSet(
      connection: connection, position: position, conversations: takeConversations(), now: clock.wall(),
      keepsSearchIndex: options.keepsSearchIndex)
    var results: [[WriteResult]] = []
    do throws(StoreError) {
      try connection.execute("BEGIN IMMEDIATE")
      for submission in group {
        var own: [WriteResult] = []
        for write in submission.writes { own.append(try changes.make(write)) }
        results.append(own)
      }
      try changes.finish()
      try keepHouse(changes)
      try connection.execute("COMMIT")
    } catch {
      if connection.isInTransaction { try? connection.execute("ROLLBACK") }
      ledger.failed()
      lastMoment = Timestamp(milliseconds: .min)
      logger.error("a transaction failed; its changes were refused", metadata: ["error": "\(error)"])
      for submission in group {
        submission.then(submission.writes.map { _ in .unavailable(error.description) })
      }
      return
    }
    position = changes.position
    conversations = changes.conversations
    ledger.committed(to: position, writes: size)
    for own in results { horizon.begin(own.positions) }
    for (submission, own) in zip(group, results) { submission.then(own) }
  }

  /// Gives the cache away, lest it be copied when it grows. After a failure it begins anew: what it knew may not be so.
  private func takeConversations() -> ConversationCache {
    defer { conversations = ConversationCache() }
    return conversations
  }

  /// Notes about once a second how far the feed has come, and drops what is past its retention.
  private func keepHouse(_ changes: ChangeSet) throws(StoreError) {
    let now = changes.now
    if changes.position > position {
      try connection.run("UPDATE meta SET position = ?", [.integer(changes.position)])
    }
    if changes.position > position, now >= lastMoment + .seconds(1) {
      // A clock that was set back does not take the feed back: the later moment stands until it is passed.
      try connection.run(
        "INSERT INTO moments (position, at) VALUES (?, max(?, coalesce((SELECT at FROM moments ORDER BY at DESC LIMIT 1), 0)))",
        [.integer(position), .integer(now.milliseconds)])
      lastMoment = now
    }
    if now >= lastPruning + .seconds(60) {
      try prune(before: now + (.zero - options.sendKeyRetention))
      try purge(before: now + (.zero - options.deletedRetention))
      try changes.dropDevices(before: now + (.zero - options.deviceRetention))
      try changes.dropPushes(before: .lowest(at: now + (.zero - PushBacklog.longestWait)))
      lastPruning = now
    }
    if now >= nextLetters {
      let dropped = try changes.dropDeadLetters(before: now + (.zero - options.deadLetterRetention))
      // Where some were past it there may be more.
      nextLetters = now + .seconds(dropped > 0 ? 1 : 60)
    }
  }

  /// Takes the content of what was deleted before `moment`; the messages keep their places.
  private func purge(before moment: Timestamp) throws(StoreError) {
    try connection.run(
      """
      UPDATE messages SET content = '', metadata = NULL WHERE id IN
        (SELECT id FROM messages WHERE deleted_at IS NOT NULL AND content != '' AND deleted_at < ? LIMIT 2000)
      """, [.integer(moment.milliseconds)])
  }

  private func prune(before moment: Timestamp) throws(StoreError) {
    try connection.run(
      "DELETE FROM send_keys WHERE message IN (SELECT message FROM send_keys WHERE message < ? ORDER BY message LIMIT 2000)",
      [.integer(MessageID.lowest(at: moment).rawValue)])
  }
}

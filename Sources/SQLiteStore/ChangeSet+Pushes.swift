import Pipeline
import Services

extension ChangeSet {
  /// How many jobs go at a time because they are too old, so that nobody waits long for it.
  private static let droppedAtATime: Int64 = 2000

  /// Keeps a push: a job for each of the receiver's devices, or one for the user.
  func add(_ push: DuePush) throws(StoreError) -> WriteResult {
    guard !push.receiverID.utf8.contains(0), !push.service.utf8.contains(0) else { return .refused(.nul) }
    let values: [SQLiteValue] = [
      .text(push.service), .integer(push.messageID.rawValue), .text(push.receiverID),
      .integer(now.milliseconds),
    ]
    switch push.reach {
    case .devices:
      try connection.run(
        """
        INSERT OR IGNORE INTO push_lanes (service, conversation, receiver, token, ready)
          SELECT ?1, m.conversation, m.receiver, d.token, ?4 FROM messages m JOIN devices d ON d.user = m.receiver
            WHERE m.id = ?2 AND m.receiver = ?3
              AND m.delivered_at IS NULL AND m.read_at IS NULL AND m.deleted_at IS NULL
              AND NOT EXISTS (SELECT 1 FROM device_quarantines q WHERE q.token = d.token AND q.service = ?1)
              AND NOT EXISTS (
                SELECT 1 FROM push_settled s WHERE s.service = ?1 AND s.message = m.id AND s.token = d.token)
        """, values)
      try connection.run(
        """
        INSERT OR IGNORE INTO push_jobs (service, message, token, lane, due)
          SELECT ?1, m.id, l.token, l.id, ?4
            FROM messages m JOIN devices d ON d.user = m.receiver
              JOIN push_lanes l ON l.receiver = m.receiver AND l.conversation = m.conversation
                AND l.token = d.token AND l.service = ?1
            WHERE m.id = ?2 AND m.receiver = ?3
              AND m.delivered_at IS NULL AND m.read_at IS NULL AND m.deleted_at IS NULL
              AND NOT EXISTS (SELECT 1 FROM device_quarantines q WHERE q.token = d.token AND q.service = ?1)
              AND NOT EXISTS (
                SELECT 1 FROM push_settled s WHERE s.service = ?1 AND s.message = m.id AND s.token = d.token)
        """, values)
    case .user:
      try connection.run(
        """
        INSERT OR IGNORE INTO push_lanes (service, conversation, receiver, token, ready)
          SELECT ?1, conversation, receiver, '', ?4 FROM messages
            WHERE id = ?2 AND receiver = ?3
              AND delivered_at IS NULL AND read_at IS NULL AND deleted_at IS NULL
              AND NOT EXISTS (SELECT 1 FROM push_settled WHERE service = ?1 AND message = ?2 AND token = '')
        """, values)
      try connection.run(
        """
        INSERT OR IGNORE INTO push_jobs (service, message, token, lane, due)
          SELECT ?1, m.id, '', l.id, ?4 FROM messages m
            JOIN push_lanes l ON l.receiver = m.receiver AND l.conversation = m.conversation
              AND l.token = '' AND l.service = ?1
            WHERE m.id = ?2 AND m.receiver = ?3
              AND m.delivered_at IS NULL AND m.read_at IS NULL AND m.deleted_at IS NULL
              AND NOT EXISTS (SELECT 1 FROM push_settled WHERE service = ?1 AND message = ?2 AND token = '')
        """, values)
    }
    return .done
  }

  /// Drops a service's jobs for messages before one.
  func dropPushes(of service: String, before oldest: MessageID) throws(StoreError) {
    var lanes: Set<Int64> = []
    let values: [SQLiteValue] = [
      .text(service), .integer(oldest.rawValue), .integer(Self.droppedAtATime),
    ]
    let old = "FROM push_jobs WHERE service = ?1 AND message < ?2 ORDER BY message, token LIMIT ?3"
    try connection.rows("SELECT lane \(old)", values) { lanes.insert($0.integer(0)) }
    guard !lanes.isEmpty else { return }
    try connection.run(
      "DELETE FROM push_jobs WHERE service = ?1 AND (message, token) IN (SELECT message, token \(old))",
      values)
    for lane in lanes { try dropIfEmpty(lane: lane) }
  }

  /// Drops the jobs of all services for messages before one: also of those that are in no chain any more.
  func dropPushes(before oldest: MessageID) throws(StoreError) {
    var services: [String] = []
    try connection.rows(
      """
      WITH RECURSIVE s(name) AS (
        SELECT min(service) FROM push_jobs
        UNION ALL SELECT (SELECT min(service) FROM push_jobs WHERE service > s.name) FROM s WHERE s.name IS NOT NULL
      ) SELECT name FROM s WHERE name IS NOT NULL
      """
    ) { services.append($0.text(0)) }
    for service in services { try dropPushes(of: service, before: oldest) }
  }

  /// Drops a lane in which nothing is left.
  ///
  /// - Returns: Whether it was empty.
  @discardableResult
  func dropIfEmpty(lane: Int64) throws(StoreError) -> Bool {
    try connection.run(
      "DELETE FROM push_lanes WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM push_jobs WHERE lane = ?1)",
      [.integer(lane)]) > 0
  }

  /// Drops devices that were last registered before a moment.
  func dropDevices(before moment: Timestamp) throws(StoreError) {
    try connection.run(
      "DELETE FROM devices WHERE token IN (SELECT token FROM devices WHERE since < ? ORDER BY since LIMIT 1000)",
      [.integer(moment.milliseconds)])
  }
}

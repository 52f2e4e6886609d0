import Pipeline
import Services

/// Jobs that are taken, and what became of them.
extension ChangeSet {
  /// How many jobs of a lane are looked at together: most lanes have one.
  private static let window = 100
  /// How many jobs are looked at by one taking, so that what nobody needs any more holds nobody up for long.
  private static let mostLooked = 20_000

  /// Leases the oldest job of each lane that may be taken, and drops what needs not be sent any more.
  func lease(_ take: PushTake) throws(StoreError) -> WriteResult {
    guard !take.service.utf8.contains(0) else { return .refused(.nul) }
    var heads: [(lane: Int64, message: Int64)] = []
    var looked = 0
    while heads.count < take.limit, looked < Self.mostLooked {
      var lanes: [Int64] = []
      try connection.rows(
        "SELECT id FROM push_lanes WHERE service = ? AND ready <= ? ORDER BY ready LIMIT ?",
        [.text(take.service), .integer(take.at.milliseconds), .integer(Int64(take.limit - heads.count))]
      ) { lanes.append($0.integer(0)) }
      guard !lanes.isEmpty else { break }
      for lane in lanes where looked < Self.mostLooked {
        if let message = try head(of: lane, &looked) {
          heads.append((lane, message))
          let end = SQLiteValue.integer(take.leasedUntil.milliseconds)
          try connection.run(
            "UPDATE push_lanes SET ready = ?2, lease = ?2, taken = ?3 WHERE id = ?1",
            [.integer(lane), end, .integer(message)])
        } else {
          try dropIfEmpty(lane: lane)
        }
      }
    }
    var jobs: [PushJob] = []
    for head in heads { if let job = try job(head.message, in: head.lane, take) { jobs.append(job) } }
    return .taken(jobs.sorted { $0.id.messageID < $1.id.messageID })
  }

  /// The oldest job of a lane that is still to be sent; those before it go.
  private func head(of lane: Int64, _ looked: inout Int) throws(StoreError) -> Int64? {
    var stale: [Int64] = []
    var head: Int64?
    try connection.rows(
      """
      SELECT j.message,
          m.id IS NOT NULL AND m.delivered_at IS NULL AND m.read_at IS NULL AND m.deleted_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.user = m.sender AND b.peer = m.receiver)
            AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.user = m.receiver AND b.peer = m.sender)
            AND (l.token = '' OR EXISTS (SELECT 1 FROM devices d WHERE d.token = l.token AND d.user = l.receiver))
            AND NOT EXISTS (SELECT 1 FROM device_quarantines q WHERE q.token = l.token AND q.service = l.service)
        FROM push_lanes l JOIN push_jobs j ON j.lane = l.id LEFT JOIN messages m ON m.id = j.message
        WHERE l.id = ? ORDER BY j.message LIMIT \(Self.window)
      """, [.integer(lane)]
    ) { row in
      guard head == nil else { return }
      looked += 1
      if row.integer(1) == 1 { head = row.integer(0) } else { stale.append(row.integer(0)) }
    }
    for message in stale {
      try connection.run(
        "DELETE FROM push_jobs WHERE lane = ? AND message = ?", [.integer(lane), .integer(message)])
    }
    return head
  }

  private func job(_ message: Int64, in lane: Int64, _ take: PushTake) throws(StoreError) -> PushJob? {
    var job: PushJob?
    try connection.rows(
      """
      SELECT l.receiver, l.token, d.platform, d.since, m.sender, coalesce(u.own_name, u.name), m.content, m.metadata,
          j.due, j.attempts
        FROM push_lanes l JOIN push_jobs j ON j.lane = l.id AND j.message = l.taken
          JOIN messages m ON m.id = j.message
          LEFT JOIN devices d ON d.token = l.token LEFT JOIN users u ON u.id = m.sender
        WHERE l.id = ?
      """, [.integer(lane)]
    ) { row in
      let receiver = row.text(0)
      let token = row.text(1).isEmpty ? nil : row.text(1)
      let id = PushJobID(
        service: take.service, messageID: MessageID(rawValue: UInt64(message)), deviceToken: token)
      let device = token.map {
        Device(
          userID: receiver, token: $0, platform: row.optionalText(2),
          lastSeen: Timestamp(milliseconds: row.integer(3)))
      }
      job = PushJob(
        id: id, receiverID: receiver, device: device, senderID: row.text(4),
        senderName: row.optionalText(5), content: row.text(6), metadata: row.optionalText(7),
        due: Timestamp(milliseconds: row.integer(8)), attempts: Int(row.integer(9)),
        lease: take.leasedUntil)
    }
    return job
  }

  /// Does what is to be done about a job that was taken, where it is still leased to who says so.
  func settle(
    _ job: PushJobID, _ lease: Timestamp, _ outcome: PushOutcome
  ) throws(StoreError) -> WriteResult {
    let token = job.deviceToken ?? ""
    guard !token.utf8.contains(0), !job.service.utf8.contains(0) else { return .refused(.nul) }
    var found: (lane: Int64, receiver: String, due: Int64)?
    try connection.rows(
      """
      SELECT l.id, l.receiver, j.due FROM push_jobs j JOIN push_lanes l ON l.id = j.lane
        WHERE j.service = ?1 AND j.message = ?2 AND j.token = ?3 AND l.taken = ?2 AND l.lease = ?4
      """,
      [
        .text(job.service), .integer(job.messageID.rawValue), .text(token), .integer(lease.milliseconds),
      ]
    ) { found = ($0.integer(0), $0.text(1), $0.integer(2)) }
    guard let found else { return .done }
    let values: [SQLiteValue] = [.text(token), .text(found.receiver), .text(job.service)]
    switch outcome {
    case .done, .lost: break
    case .retry(let moment):
      try connection.run(
        "UPDATE push_jobs SET attempts = attempts + 1 WHERE lane = ? AND message = ?",
        [.integer(found.lane), .integer(job.messageID.rawValue)])
      return try open(found.lane, at: moment.milliseconds)
    case .release: return try open(found.lane, at: found.due)
    case .deviceGone:
      try connection.run("DELETE FROM devices WHERE token = ?1 AND user = ?2", Array(values.prefix(2)))
    case .deviceQuarantined:
      try connection.run(
        """
        INSERT OR IGNORE INTO device_quarantines (token, service)
          SELECT token, ?3 FROM devices WHERE token = ?1 AND user = ?2
        """, values)
    }
    if outcome != .lost {
      try connection.run(
        """
        INSERT OR IGNORE INTO push_settled (service, message, token)
          SELECT service, ?2, ?3 FROM push_node_marks WHERE service = ?1 AND decided <= ?2 LIMIT 1
        """, [.text(job.service), .integer(job.messageID.rawValue), .text(token)])
    }
    try connection.run(
      "DELETE FROM push_jobs WHERE lane = ? AND message = ?",
      [.integer(found.lane), .integer(job.messageID.rawValue)])
    if try dropIfEmpty(lane: found.lane) { return .done }
    let next = try connection.integer(
      "SELECT due FROM push_jobs WHERE lane = ? ORDER BY message LIMIT 1", [.integer(found.lane)])
    return try open(found.lane, at: next ?? now.milliseconds)
  }

  /// Lets the oldest job of a lane be taken from a moment on.
  private func open(_ lane: Int64, at moment: Int64) throws(StoreError) -> WriteResult {
    try connection.run(
      "UPDATE push_lanes SET ready = ?, lease = NULL, taken = NULL WHERE id = ?",
      [.integer(moment), .integer(lane)])
    return .done
  }
}

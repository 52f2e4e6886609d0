/// What has been counted of messages in a measured time.
struct BenchWindow: Sendable {
  /// What came within that time, whenever it was due.
  var acked = 0
  var delivered = 0
  /// Receipts that have been answered.
  var receipts = 0
  /// Of all messages that were due within that time, however late they came: from the moment when they were due, so that
  /// what a slow server holds up is counted too.
  var acknowledgement = LatencyHistogram()
  var delivery = LatencyHistogram()

  mutating func add(_ other: BenchWindow) {
    acked += other.acked
    delivered += other.delivered
    receipts += other.receipts
    acknowledgement.add(other.acknowledgement)
    delivery.add(other.delivery)
  }
}

/// What the clients of one event loop have seen of messages in the whole run.
struct BenchTally: Sendable {
  /// Of the measured times alone: one, or two where some are slow.
  var windows = [BenchWindow(), BenchWindow()]
  var sent = 0
  /// Messages that were sent once more, under the same number.
  var resent = 0
  var acked = 0
  /// Second answers, to what was sent once more.
  var repeated = 0
  var delivered = 0
  /// Messages, and those sent once more, that an error was answered to.
  var refused = 0
  /// How often each error was answered, to whatever.
  var refusals: [String: Int] = [:]
  /// Messages that came more than once, and answers.
  var doubled = 0
  /// Messages that came after one that their sender had sent later.
  var reordered = 0
  /// Messages that came to somebody whom they were not sent to.
  var strayed = 0
  /// Connections that the server closed, by its code; 0 is for none.
  var closed: [UInt16: Int] = [:]

  mutating func add(_ other: BenchTally) {
    for index in windows.indices { windows[index].add(other.windows[index]) }
    sent += other.sent
    resent += other.resent
    acked += other.acked
    repeated += other.repeated
    delivered += other.delivered
    refused += other.refused
    refusals.merge(other.refusals, uniquingKeysWith: +)
    doubled += other.doubled
    reordered += other.reordered
    strayed += other.strayed
    closed.merge(other.closed, uniquingKeysWith: +)
  }

  /// Messages that were sent and got no answer.
  var unanswered: Int { sent + resent - acked - repeated - refused }
  /// Messages that were acknowledged and did not come.
  var undelivered: Int { acked - delivered }
  var closedCount: Int { closed.values.reduce(0, +) }
  /// Whether nothing is still to come.
  var isComplete: Bool { unanswered <= 0 && undelivered <= 0 }
  /// Whether every message was answered, and all that were acknowledged came once and in order.
  var isSound: Bool {
    unanswered == 0 && undelivered == 0 && doubled == 0 && reordered == 0 && strayed == 0
      && closed.isEmpty
  }
}

/// What the clients of one event loop have seen.
struct BenchTally: Sendable {
  // Of the measured time alone.

  var acked = 0
  var delivered = 0
  /// Receipts that have been answered.
  var receipts = 0
  /// From the moment when a message was due to be sent, so that what a slow server holds up is counted too.
  var acknowledgement = LatencyHistogram()
  var delivery = LatencyHistogram()

  // Of the whole run.

  var sent = 0
  var ackedInAll = 0
  var deliveredInAll = 0
  /// How often each error was answered.
  var refusals: [String: Int] = [:]
  /// Messages that came more than once, and answers.
  var doubled = 0
  /// Messages that came after one that their sender had sent later.
  var reordered = 0
  /// Connections that the server closed.
  var closed = 0

  mutating func add(_ other: BenchTally) {
    acked += other.acked
    delivered += other.delivered
    receipts += other.receipts
    acknowledgement.add(other.acknowledgement)
    delivery.add(other.delivery)
    sent += other.sent
    ackedInAll += other.ackedInAll
    deliveredInAll += other.deliveredInAll
    refusals.merge(other.refusals, uniquingKeysWith: +)
    doubled += other.doubled
    reordered += other.reordered
    closed += other.closed
  }

  /// Messages that were sent and got no answer.
  var unanswered: Int { sent - ackedInAll - refusals.values.reduce(0, +) }
  /// Messages that were acknowledged and did not come.
  var undelivered: Int { ackedInAll - deliveredInAll }
}

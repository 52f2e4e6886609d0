import Pipeline

/// What has become of the messages of a load.
struct MessageFindings: BenchFindings {
  let plan: BenchPlan
  /// How long was measured.
  let seconds: Double
  let window: BenchWindow
  let tally: BenchTally

  var isSound: Bool { tally.isSound }

  var lines: [String] {
    guard plan.load != .pairs(0) else { return closings }
    var lines = [
      "acknowledged \(rate(window.acked)) messages/s, \(window.acknowledgement.summary)",
      "delivered    \(rate(window.delivered)) messages/s, \(window.delivery.summary)",
    ]
    if plan.sendsReceipts { lines.append("receipts     \(rate(window.receipts))/s") }
    if plan.duplicates > 0 {
      lines.append("sent twice   \(tally.resent), answered twice \(tally.repeated)")
    }
    for (code, count) in tally.refusals.sorted(by: { $0.key < $1.key }) {
      lines.append("refused      \(count) with \(code)")
    }
    let faults = [
      ("unanswered", tally.unanswered), ("undelivered", tally.undelivered), ("doubled", tally.doubled),
      ("reordered", tally.reordered), ("to others", tally.strayed), ("connections closed", tally.closedCount),
    ]
    lines.append(
      "in all       \(tally.sent) sent, \(tally.acked) acknowledged, \(tally.delivered) delivered; "
        + faults.map { "\($0.1) \($0.0)" }.joined(separator: ", "))
    return lines + closings
  }

  private var closings: [String] {
    tally.closed.isEmpty ? [] : ["closed       \(Closings.text(tally.closed))"]
  }

  private func rate(_ count: Int) -> String { Figure.whole(Double(count) / seconds) }

  func write(to object: inout JSONObjectWriter) {
    switch plan.load {
    case .pairs(let pairs): object.member("pairs", pairs)
    case .hotReceiver(let senders): object.member("senders", senders)
    case .presence, .storm: break
    }
    if let rate = plan.rate {
      object.member("rate", json: Figure.json(rate))
    } else {
      object.member("depth", plan.depth)
    }
    object.member("receiptsSent", plan.sendsReceipts)
    object.member("ackedPerSecond", json: Figure.json(Double(window.acked) / seconds))
    object.member("deliveredPerSecond", json: Figure.json(Double(window.delivered) / seconds))
    object.member("receiptsPerSecond", json: Figure.json(Double(window.receipts) / seconds))
    window.acknowledgement.write("ackMilliseconds", to: &object)
    window.delivery.write("deliveryMilliseconds", to: &object)
    object.member("sent", tally.sent)
    object.member("acked", tally.acked)
    object.member("delivered", tally.delivered)
    object.member("resent", tally.resent)
    object.member("answeredAgain", tally.repeated)
    object.member("unanswered", tally.unanswered)
    object.member("undelivered", tally.undelivered)
    object.member("doubled", tally.doubled)
    object.member("reordered", tally.reordered)
    object.member("strayed", tally.strayed)
    object.member("closed", tally.closedCount)
    Closings.write(tally.closed, to: &object)
    object.array("refused", of: tally.refusals.sorted { $0.key < $1.key }) { object, refusal in
      object.member("code", refusal.key)
      object.member("count", refusal.value)
    }
  }
}

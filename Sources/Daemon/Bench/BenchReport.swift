import Pipeline

/// What a load has found, for people and as JSON.
struct BenchReport {
  let plan: BenchPlan
  let tally: BenchTally
  /// How long was measured.
  let seconds: Double
  /// How long it took to connect all clients.
  let connecting: Double
  /// By how many bytes each watched process has grown while they connected.
  let memory: [Int]
  /// The CPU seconds of each watched process in the measured time.
  let cpu: [Double]

  private var connections: Int { 2 * plan.pairs + plan.idle }

  /// Whether every message was answered, and all that were acknowledged came once and in order.
  var isSound: Bool {
    tally.unanswered == 0 && tally.undelivered == 0 && tally.doubled == 0 && tally.reordered == 0
      && tally.closed == 0
  }

  var lines: [String] {
    var lines = [
      "connections  \(connections) in \(Self.fixed(connecting, 2)) s, \(Self.whole(Double(connections) / connecting))/s"
    ]
    if !memory.isEmpty {
      let each = memory.map { Self.fixed(Double($0) / Double(connections) / 1024, 1) + " KiB" }
      lines.append("memory       \(each.joined(separator: ", ")) a connection")
    }
    guard plan.pairs > 0 else { return lines }
    lines.append(
      "acknowledged \(Self.whole(Double(tally.acked) / seconds)) messages/s, \(Self.latencies(tally.acknowledgement))"
    )
    lines.append(
      "delivered    \(Self.whole(Double(tally.delivered) / seconds)) messages/s, \(Self.latencies(tally.delivery))"
    )
    if plan.sendsReceipts { lines.append("receipts     \(Self.whole(Double(tally.receipts) / seconds))/s") }
    if !cpu.isEmpty, tally.acked > 0 {
      let each = cpu.map { Self.fixed($0 / Double(tally.acked) * 10_000, 2) + " s" }
      lines.append("CPU          \(each.joined(separator: ", ")) for 10,000 messages")
    }
    for (code, count) in tally.refusals.sorted(by: { $0.key < $1.key }) {
      lines.append("refused      \(count) with \(code)")
    }
    let faults = [
      ("unanswered", tally.unanswered), ("undelivered", tally.undelivered), ("doubled", tally.doubled),
      ("reordered", tally.reordered), ("connections closed", tally.closed),
    ]
    lines.append(
      "in all       \(tally.sent) sent, \(tally.ackedInAll) acknowledged, \(tally.deliveredInAll) delivered; "
        + faults.map { "\($0.1) \($0.0)" }.joined(separator: ", "))
    return lines
  }

  /// One object; times in milliseconds, rates a second.
  var json: String {
    var object = JSONObjectWriter(reserving: 512)
    func number(_ value: Double) -> [UInt8] { Array(Self.fixed(value, 3).utf8) }
    object.member("protocol", plan.wire.rawValue)
    object.member("connections", connections)
    object.member("pairs", plan.pairs)
    if let rate = plan.rate {
      object.member("rate", json: number(rate))
    } else {
      object.member("depth", plan.depth)
    }
    object.member("receiptsSent", plan.sendsReceipts)
    object.member("seconds", json: number(seconds))
    object.member("connectingSeconds", json: number(connecting))
    object.member("ackedPerSecond", json: number(Double(tally.acked) / seconds))
    object.member("deliveredPerSecond", json: number(Double(tally.delivered) / seconds))
    object.member("receiptsPerSecond", json: number(Double(tally.receipts) / seconds))
    object.beginObject("ackMilliseconds")
    Self.write(tally.acknowledgement, to: &object)
    object.endObject()
    object.beginObject("deliveryMilliseconds")
    Self.write(tally.delivery, to: &object)
    object.endObject()
    object.member("cpuSeconds", json: Self.list(cpu.map { Self.fixed($0, 2) }))
    object.member("memoryGrowth", json: Self.list(memory.map(String.init)))
    object.member("sent", tally.sent)
    object.member("acked", tally.ackedInAll)
    object.member("delivered", tally.deliveredInAll)
    object.member("unanswered", tally.unanswered)
    object.member("undelivered", tally.undelivered)
    object.member("doubled", tally.doubled)
    object.member("reordered", tally.reordered)
    object.member("closed", tally.closed)
    object.array("refused", of: tally.refusals.sorted { $0.key < $1.key }) { object, refusal in
      object.member("code", refusal.key)
      object.member("count", refusal.value)
    }
    return String(decoding: object.finish(), as: UTF8.self)
  }

  private static func write(_ histogram: LatencyHistogram, to object: inout JSONObjectWriter) {
    func value(_ share: Double) -> [UInt8] { Array(fixed(Double(histogram.quantile(share)) / 1e6, 3).utf8) }
    object.member("p50", json: value(0.5))
    object.member("p90", json: value(0.9))
    object.member("p99", json: value(0.99))
    object.member("p999", json: value(0.999))
    object.member("max", json: value(1))
    object.member("mean", json: Array(fixed(histogram.mean / 1e6, 3).utf8))
  }

  private static func list(_ values: [String]) -> [UInt8] { Array("[\(values.joined(separator: ","))]".utf8) }

  private static func latencies(_ histogram: LatencyHistogram) -> String {
    let values = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("max", 1)].map {
      name, share in
      "\(name) \(fixed(Double(histogram.quantile(share)) / 1e6, 2))"
    }
    return values.joined(separator: ", ") + " ms"
  }

  private static func whole(_ value: Double) -> String { value.isFinite ? String(Int(value.rounded())) : "-" }

  /// With so many decimals.
  private static func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite else { return "0" }
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = Int((abs(value) * scale).rounded())
    let (front, back) = (scaled / Int(scale), scaled % Int(scale))
    let digits = String(back)
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard decimals > 0 else { return sign + String(front) }
    return sign + "\(front)." + String(repeating: "0", count: decimals - digits.count) + digits
  }
}

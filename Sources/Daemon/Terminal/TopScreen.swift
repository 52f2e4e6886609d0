import Pipeline

/// The screen of `sluice top`: what has happened between two looks at a daemon.
struct TopScreen {
  let lines: [String]

  init(_ before: Status, _ after: Status) {
    // A daemon that was started anew counts from nothing.
    let isSame = after[number: "cpuMilliseconds"] >= before[number: "cpuMilliseconds"]
    let seconds =
      Double(after[number: "monotonicMicroseconds"] - before[number: "monotonicMicroseconds"]) / 1e6
    let span = isSame && seconds > 0 ? seconds : .infinity
    func rate(_ key: String) -> String { Self.rate(after[number: key] - before[number: key], span) }

    var lines = [
      "sluice \(after[text: "version"])   revision \(after[number: "revision"])   "
        + "\(after[number: "connections"]) connections   \(after[number: "inFlight"]) events in flight",
      "in \(rate("framesIn"))/s   out \(rate("framesOut"))/s   http \(rate("requests"))/s   "
        + "commits \(rate("commits"))/s of \(rate("writes")) changes   "
        + "cpu \(Int((Double(after[number: "cpuMilliseconds"] - before[number: "cpuMilliseconds"]) / 10 / span).rounded())) %   "
        + "memory \(after[number: "residentBytes"] >> 20) MiB",
      "store \(after[text: "store"])   state \(after[text: "state"])",
    ]
    if !after[text: "lastReload"].isEmpty {
      lines.append("\(after[text: "lastReloadAt"]): \(after[text: "lastReload"])")
    }
    lines.append("")
    lines.append(
      "stage".column(18)
        + ["events/s", "stop/s", "reject/s", "fault/s", "would/s", "p50", "p99"].map { $0.right(10) }.joined()
    )
    for stage in after.stages {
      let old = isSame ? before.stages.first { $0.name == stage.name } : nil
      lines.append(Self.line(stage, old, span))
    }
    self.lines = lines
  }

  private static func line(_ stage: Status.Stage, _ old: Status.Stage?, _ span: Double) -> String {
    func since(_ key: KeyPath<Status.Stage, Int>) -> String {
      rate(stage[keyPath: key] - (old?[keyPath: key] ?? 0), span).right(10)
    }
    let buckets = stage.buckets.enumerated().map { index, count in
      count - (old.flatMap { index < $0.buckets.count ? $0.buckets[index] : nil } ?? 0)
    }
    let name = stage.name.printable + (stage.enforce.map { " (\($0))" } ?? "")
    return name.column(18) + since(\.events) + since(\.stopped) + since(\.rejected) + since(\.faults)
      + since(\.wouldReject) + quantile(0.5, buckets).right(10) + quantile(0.99, buckets).right(10)
  }

  private static func rate(_ count: Int, _ span: Double) -> String {
    let rate = Double(max(0, count)) / span
    return rate < 10 && rate > 0 ? String(Double(Int(rate * 10)) / 10) : String(Int(rate.rounded()))
  }

  /// The bound of the bucket that so much of what was counted lies below.
  private static func quantile(_ share: Double, _ buckets: [Int]) -> String {
    let total = buckets.reduce(0, +)
    guard total > 0 else { return "-" }
    var sum = 0
    for (index, count) in buckets.enumerated() {
      sum += count
      guard Double(sum) >= share * Double(total) else { continue }
      guard index < Histogram.boundCount else { return ">\(time(Histogram.bound(Histogram.boundCount - 1)))" }
      return "≤" + time(Histogram.bound(index))
    }
    return "-"
  }

  private static func time(_ nanoseconds: UInt64) -> String {
    switch nanoseconds {
    case ..<1_000_000: "\(nanoseconds / 1000) µs"
    case ..<1_000_000_000: "\(nanoseconds / 1_000_000) ms"
    default: "\(nanoseconds / 1_000_000_000) s"
    }
  }
}

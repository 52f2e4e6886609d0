import Pipeline

/// What a load has found, for people and as JSON.
struct BenchReport {
  let plan: BenchPlan
  let connections: Int
  /// While all clients connected, not too many at a time.
  let connecting: BenchSpan
  let measured: BenchSpan
  /// Messages that were acknowledged in the measured time.
  var acked = 0
  let findings: [any BenchFindings]

  /// Whether nothing was lost, doubled or out of order, and no connection closed that should not be.
  var isSound: Bool { findings.allSatisfy(\.isSound) }

  private var connectionsPerSecond: Double { Double(connections) / connecting.seconds }

  var lines: [String] {
    var lines = [
      "connections  \(connections) in \(Figure.fixed(connecting.seconds, 2)) s, \(Figure.whole(connectionsPerSecond))/s"
    ]
    if !connecting.watched.isEmpty {
      let each = connecting.watched.map { Figure.fixed(perConnection($0) / 1024, 1) + " KiB" }
      lines.append("memory       \(each.joined(separator: ", ")) a connection")
    }
    lines += findings.flatMap(\.lines)
    for use in measured.watched { lines.append("CPU          \(cpu(use))") }
    lines.append("CPU here     \(cpu(measured.own))")
    return lines
  }

  /// One object; times in milliseconds, rates a second.
  var json: String {
    var object = JSONObjectWriter(reserving: 4096)
    object.member("load", plan.load.name)
    object.member("protocol", plan.wire.rawValue)
    object.member("connections", connections)
    object.member("loops", plan.loops)
    object.member("seconds", json: Figure.json(measured.seconds))
    object.member("connectingSeconds", json: Figure.json(connecting.seconds))
    object.member("measuredFrom", json: Figure.json((measured.begin - connecting.begin).inSeconds))
    object.member("connectionsPerSecond", json: Figure.json(connectionsPerSecond))
    object.member("cpuSeconds", json: Figure.list(measured.watched.map { Figure.fixed($0.cpu, 2) }))
    object.member("cpuUserSeconds", json: Figure.list(measured.watched.map { Figure.fixed($0.user, 2) }))
    object.member("cpuSystemSeconds", json: Figure.list(measured.watched.map { Figure.fixed($0.system, 2) }))
    object.member("loadCPUSeconds", json: Figure.json(measured.own.cpu))
    object.member("memoryGrowth", json: Figure.list(connecting.watched.map { String($0.resident) }))
    object.member(
      "memoryPerConnection", json: Figure.list(connecting.watched.map { Figure.whole(perConnection($0)) }))
    for found in findings { found.write(to: &object) }
    return String(decoding: object.finish(), as: UTF8.self)
  }

  private func perConnection(_ use: ProcessUse) -> Double { Double(use.resident) / Double(connections) }

  private func cpu(_ use: ProcessUse) -> String {
    let text =
      "\(Figure.fixed(use.cpu, 2)) s: \(Figure.fixed(use.user, 2)) user, \(Figure.fixed(use.system, 2)) system"
    guard acked > 0 else { return text }
    return text + "; \(Figure.fixed(use.cpu / Double(acked) * 10_000, 2)) s for 10,000 messages"
  }
}

extension BenchPlan.Load {
  var name: String {
    switch self {
    case .pairs: "pairs"
    case .hotReceiver: "hot receiver"
    case .presence: "presence"
    case .storm: "storm"
    }
  }

  /// What is said of a load that is not sound.
  var complaint: String {
    switch self {
    case .pairs, .hotReceiver: "messages were lost, doubled or out of order, or connections were closed"
    case .presence: "watchers were not told as they must be, or connections were closed"
    case .storm: "clients did not come back, or not to all their messages"
    }
  }
}

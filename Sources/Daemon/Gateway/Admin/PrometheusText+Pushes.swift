import Pipeline
import Services

extension PrometheusText {
  /// What is known of pushes, by the names that their stages have in the chain.
  mutating func pushes(_ services: [(service: String, figures: PushFigures)], at now: Timestamp) {
    guard !services.isEmpty else { return }
    func each(_ value: (PushFigures) -> UInt64) -> [(String, UInt64)] {
      services.map { ($0.service, value($0.figures)) }
    }
    head("sluice_push_attempts_total", "Pushes that were sent to a service, by what came of it.", "counter")
    for (service, figures) in services {
      for (result, count) in figures.attempts.sorted(by: { $0.key < $1.key }) {
        sample("sluice_push_attempts_total", [("service", service), ("result", result)], "\(count)")
      }
    }
    counters(
      "sluice_push_retries_total", "Pushes that are to be tried again.", label: "service", each(\.retries))
    counters(
      "sluice_push_dead_letters_total", "Pushes that were given up, and kept as dead letters.",
      label: "service",
      each(\.deadLetters))
    counters(
      "sluice_push_devices_dropped_total",
      "Device tokens that were dropped, since the service does not know them.",
      label: "service", each(\.devicesDropped))
    counters(
      "sluice_push_devices_quarantined_total", "Device tokens that are another sender's.", label: "service",
      each(\.devicesQuarantined))
    gauges("sluice_push_under_way", "Pushes that are being sent.", services) { $0.underWay }
    gauges(
      "sluice_push_paused", "Whether nothing is sent for a while, since the service is unwell.", services
    ) {
      $0.isPaused ? 1 : 0
    }
    gauges("sluice_push_waiting", "Pushes in the outbox of all nodes, those under way included.", services) {
      $0.backlog?.count
    }
    gauges("sluice_push_oldest_seconds", "For how long the oldest of them has been due.", services) {
      figures in
      guard let backlog = figures.backlog else { return nil }
      return backlog.oldestDue.map { Int(max(0, now.milliseconds - $0.milliseconds) / 1000) } ?? 0
    }
    head(
      "sluice_push_seconds", "How long it took from when pushes were due until they were sent.", "histogram")
    for (service, figures) in services {
      histogram("sluice_push_seconds", label: "service", service, figures.latency)
    }
  }

  private mutating func gauges(
    _ name: String, _ help: String, _ services: [(service: String, figures: PushFigures)],
    _ value: (PushFigures) -> Int?
  ) {
    head(name, help, "gauge")
    for (service, figures) in services {
      if let value = value(figures) { sample(name, [("service", service)], "\(value)") }
    }
  }
}

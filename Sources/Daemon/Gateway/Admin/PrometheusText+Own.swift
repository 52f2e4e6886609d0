import Services

extension PrometheusText {
  /// What stages count of their own, those of a name together.
  mutating func own(_ metrics: [StageMetric]) {
    var last: String?
    for metric in metrics {
      let name = "sluice_stage_\(metric.name)" + (metric.kind == .counter ? "_total" : "")
      if last != name { head(name, metric.help, metric.kind.rawValue) }
      last = name
      sample(name, [("stage", metric.stage)], "\(metric.value)")
    }
  }
}

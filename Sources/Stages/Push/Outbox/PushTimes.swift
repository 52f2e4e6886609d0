import Pipeline

/// The ranges of what every push stage has: checked in one place.
enum PushTimes {
  static func check(
    _ after: ConfigDuration?, _ ttl: ConfigDuration?, _ lease: ConfigDuration?,
    _ firstBackoff: ConfigDuration?,
    _ parallel: Int?, _ report: inout ConfigurationReport
  ) {
    func check(_ time: ConfigDuration?, _ key: String, _ range: ClosedRange<Duration>, _ words: String) {
      if let time = time?.duration, !range.contains(time) {
        report.error("'\(key)' is from \(words)", key: key)
      }
    }
    check(after, "after", .seconds(1)...(.seconds(3600)), "1s to 1h")
    // Firebase keeps a message for four weeks at most.
    check(ttl, "ttl", .seconds(60)...(.seconds(28 * 86_400)), "1m to 28d")
    check(lease, "lease", .seconds(5)...(.seconds(600)), "5s to 10m")
    check(firstBackoff, "first_backoff", .seconds(1)...(.seconds(3600)), "1s to 1h")
    if let parallel, !(1...400).contains(parallel) {
      report.error("'parallel' is from 1 to 400, not \(parallel)", key: "parallel")
    }
  }
}

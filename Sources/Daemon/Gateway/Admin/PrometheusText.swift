import Pipeline
import RedisState

/// Writes metrics in Prometheus' text format. No label holds anything that a client controls.
struct PrometheusText {
  private(set) var text = ""

  mutating func gauge(_ name: String, _ help: String, _ value: Int) {
    head(name, help, "gauge")
    text += "\(name) \(value)\n"
  }

  mutating func counter(_ name: String, _ help: String, _ value: UInt64) {
    head(name, help, "counter")
    text += "\(name) \(value)\n"
  }

  mutating func counters(_ name: String, _ help: String, label: String, _ values: [(String, UInt64)]) {
    head(name, help, "counter")
    for (value, count) in values { sample(name, [(label, value)], "\(count)") }
  }

  mutating func process(_ figures: ProcessFigures, startedAt: Timestamp) {
    gauge(
      "process_start_time_seconds", "When the daemon was started.", Int(startedAt.milliseconds / 1000))
    gauge("process_resident_memory_bytes", "Resident memory.", figures.residentBytes)
    gauge("process_open_fds", "Open file descriptors.", figures.openFiles)
    gauge("process_max_fds", "How many may be open.", figures.mostFiles)
    head("process_cpu_seconds_total", "CPU time of all threads.", "counter")
    text += "process_cpu_seconds_total \(figures.cpuSeconds)\n"
  }

  /// Says which version runs: by a label, as is usual, its value being always 1.
  mutating func buildInfo(version: String) {
    head("sluice_build_info", "Which version runs.", "gauge")
    text += "sluice_build_info{version=\"\(escaped(version))\"} 1\n"
  }

  mutating func reloads(_ figures: ReloadHistory.Figures) {
    counters(
      "sluice_reloads_total", "Reloads, by what came of them.", label: "result",
      [("ok", figures.succeeded), ("failed", figures.failed)])
    let succeeded = figures.last.map { $0.result == .ok } ?? true
    gauge(
      "sluice_reload_last_succeeded", "Whether the last reload came into force; 1 before the first.",
      succeeded ? 1 : 0)
    if let last = figures.last {
      gauge(
        "sluice_reload_last_timestamp_seconds", "When the last reload ended.",
        Int(last.at.milliseconds / 1000))
      gauge(
        "sluice_reload_needing_restart", "Settings of the file that need a restart.",
        last.needingRestart.count)
    }
  }

  mutating func store(commits: UInt64, writes: UInt64, failures: UInt64, waiting: Int) {
    counter("sluice_store_commits_total", "Transactions committed.", commits)
    counter("sluice_store_writes_total", "Changes made durable.", writes)
    counter("sluice_store_failures_total", "Transactions that failed.", failures)
    gauge(
      "sluice_store_waiting_changes",
      "Changes that wait for the store's writer; large ones count for several.", waiting)
  }

  mutating func state(_ figures: RedisFigures) {
    gauge("sluice_state_connected", "Whether all connections to Redis are open.", figures.isConnected ? 1 : 0)
    counter("sluice_state_commands_total", "Commands sent to Redis.", UInt64(figures.commands))
    counter("sluice_state_trips_total", "Trips to Redis in which they were.", UInt64(figures.flushes))
    counter("sluice_state_failures_total", "Commands that Redis did not carry out.", UInt64(figures.failures))
    counter("sluice_state_reconnects_total", "Connections to Redis made again.", UInt64(figures.reconnects))
  }

  /// What the stages have counted, by the names they have in the chain.
  mutating func stages(_ stages: [(name: String, figures: StageFigures)]) {
    head("sluice_stage_events_total", "Events that a stage was given, by what it said of them.", "counter")
    for (name, figures) in stages {
      let verdicts = [
        ("continue", figures.continued), ("stop", figures.stopped), ("reject", figures.rejected),
        ("fault", figures.faults),
      ]
      for (verdict, count) in verdicts {
        text += "sluice_stage_events_total{stage=\"\(escaped(name))\",verdict=\"\(verdict)\"} \(count)\n"
      }
    }
    head(
      "sluice_stage_unobeyed_total", "What stages said where they are not obeyed, by what they said.",
      "counter")
    for (name, figures) in stages {
      let verdicts = [("stop", figures.unobeyedStops), ("reject", figures.unobeyedRejections)]
      for (verdict, count) in verdicts {
        text += "sluice_stage_unobeyed_total{stage=\"\(escaped(name))\",verdict=\"\(verdict)\"} \(count)\n"
      }
    }
    head("sluice_stage_timeouts_total", "Events on which a stage ran out of time.", "counter")
    for (name, figures) in stages {
      text += "sluice_stage_timeouts_total{stage=\"\(escaped(name))\"} \(figures.timeouts)\n"
    }
    head("sluice_stage_seconds", "How long events were in a stage.", "histogram")
    for (name, figures) in stages { histogram("sluice_stage_seconds", label: "stage", name, figures.latency) }
  }

  mutating func histogram(_ name: String, label: String, _ value: String, _ histogram: Histogram) {
    var sum: UInt64 = 0
    for (index, count) in histogram.buckets.enumerated() {
      sum += count
      let bound = index < Histogram.boundCount ? seconds(Histogram.bound(index)) : "+Inf"
      text += "\(name)_bucket{\(label)=\"\(escaped(value))\",le=\"\(bound)\"} \(sum)\n"
    }
    text += "\(name)_sum{\(label)=\"\(escaped(value))\"} \(seconds(histogram.sum))\n"
    text += "\(name)_count{\(label)=\"\(escaped(value))\"} \(histogram.count)\n"
  }

  mutating func sample(_ name: String, _ labels: [(String, String)], _ value: String) {
    let labels = labels.map { "\($0)=\"\(escaped($1))\"" }.joined(separator: ",")
    text += "\(name){\(labels)} \(value)\n"
  }

  mutating func head(_ name: String, _ help: String, _ type: String) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
  }

  private func seconds(_ nanoseconds: UInt64) -> String { String(Double(nanoseconds) / 1e9) }

  private func escaped(_ label: String) -> String {
    label.reduce(into: "") { text, character in
      switch character {
      case "\\": text += "\\\\"
      case "\"": text += "\\\""
      case "\n": text += "\\n"
      default: text.append(character)
      }
    }
  }
}

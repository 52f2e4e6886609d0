import Pipeline

/// How clients who all came back at once were taken.
struct StormFindings: BenchFindings {
  let clients: Int
  /// How many messages each had missed.
  let missed: Int
  let tally: StormShare.Tally
  let kernel: NetworkCounters

  private var notReady: Int { clients - Int(tally.ready.count) }
  private var notSynced: Int { clients - Int(tally.synced.count) }
  private var undelivered: Int { clients * missed - tally.came }
  private var failureCount: Int { tally.failures.values.reduce(0, +) }
  private func seconds(_ histogram: LatencyHistogram) -> Double { Double(histogram.highest) / 1e9 }

  /// An attempt that failed is no fault where a later one did not: clients come again.
  var isSound: Bool {
    notSynced == 0 && undelivered == 0 && tally.reordered == 0 && tally.closed.isEmpty
  }

  var lines: [String] {
    var lines = [
      "first        each in \(tally.first.summary)",
      "storm        \(clients) at once: the last ready after \(Figure.fixed(seconds(tally.ready), 2)) s, "
        + "\(Figure.whole(Double(tally.ready.count) / seconds(tally.ready)))/s; with its sync after "
        + "\(Figure.fixed(seconds(tally.synced), 2)) s",
      "ready        \(tally.ready.summary)",
      "synced       \(tally.synced.summary)",
    ]
    for (reason, count) in tally.failures.sorted(by: { $0.key < $1.key }) {
      lines.append("tried again  \(count): \(reason)")
    }
    lines.append(
      "kernel       \(kernel.synRetransmits) SYNs sent again, \(kernel.listenOverflows) beyond a listen queue"
    )
    lines.append(
      "in all       \(clients * missed) messages missed, \(tally.came) synced, \(undelivered) did not come; "
        + "\(notReady) not ready, \(notSynced) not synced, \(tally.reordered) reordered")
    if !tally.closed.isEmpty { lines.append("closed       \(Closings.text(tally.closed))") }
    return lines
  }

  func write(to object: inout JSONObjectWriter) {
    object.member("clients", clients)
    object.member("missedEach", missed)
    tally.first.write("firstMilliseconds", to: &object)
    object.member("readySeconds", json: Figure.json(seconds(tally.ready)))
    object.member("syncedSeconds", json: Figure.json(seconds(tally.synced)))
    object.member("readyPerSecond", json: Figure.json(Double(tally.ready.count) / seconds(tally.ready)))
    tally.ready.write("readyMilliseconds", to: &object)
    tally.synced.write("syncedMilliseconds", to: &object)
    object.member("failedAttempts", failureCount)
    object.array("failures", of: tally.failures.sorted { $0.key < $1.key }) { object, failure in
      object.member("reason", failure.key)
      object.member("count", failure.value)
    }
    object.member("synRetransmits", kernel.synRetransmits)
    object.member("listenOverflows", kernel.listenOverflows)
    object.member("synced", tally.came)
    object.member("undelivered", undelivered)
    object.member("notReady", notReady)
    object.member("notSynced", notSynced)
    object.member("reordered", tally.reordered)
    object.member("repeated", tally.repeated)
    object.member("closed", tally.closed.values.reduce(0, +))
    Closings.write(tally.closed, to: &object)
  }
}

import Pipeline

/// What clients who did not read have done to the others, and what has become of them.
struct SlowFindings: BenchFindings {
  /// Of the others, in a time as long while all read.
  let before: BenchWindow
  let span: BenchSpan
  /// While they did not.
  let meanwhile: BenchSpan
  let readers: [SlowReader.Found]
  /// Of the messages to them.
  let tally: BenchTally

  private var live: Int { readers.reduce(0) { $0 + $1.live } }
  private var synced: Int { readers.reduce(0) { $0 + $1.synced } }
  private var closed: [UInt16: Int] {
    readers.compactMap(\.closed).reduce(into: [:]) { $0[$1, default: 0] += 1 }
  }
  private var keptCount: Int { readers.count { $0.closed == nil } }

  var isSound: Bool { tally.isSound }

  var lines: [String] {
    let ends = closed.isEmpty ? "" : "closed \(Closings.text(closed)); "
    var lines = [
      "before that  acknowledged \(rate(before.acked)) messages/s, \(before.acknowledgement.summary)",
      "             delivered \(rate(before.delivered)) messages/s, \(before.delivery.summary)",
      "slow         \(readers.count) clients did not read: \(ends)\(keptCount) kept",
      "             of \(tally.acked) messages to them \(live) came, \(synced) by a sync, \(tally.undelivered) did not; "
        + "\(tally.unanswered) unanswered, \(tally.doubled) doubled, \(tally.reordered) reordered, \(tally.strayed) to others",
    ]
    if !meanwhile.watched.isEmpty {
      let growth = meanwhile.watched.map {
        Figure.fixed(Double($0.resident) / Double(readers.count) / 1024, 1) + " KiB"
      }
      lines.append("             memory grew by \(growth.joined(separator: ", ")) for each meanwhile")
    }
    return lines
  }

  private func rate(_ count: Int) -> String { Figure.whole(Double(count) / span.seconds) }

  func write(to object: inout JSONObjectWriter) {
    object.beginObject("slow")
    object.member("clients", readers.count)
    object.member("kept", keptCount)
    Closings.write(closed, to: &object)
    object.member("sent", tally.sent)
    object.member("acked", tally.acked)
    object.member("live", live)
    object.member("synced", synced)
    object.member("undelivered", tally.undelivered)
    object.member("unanswered", tally.unanswered)
    object.member("doubled", tally.doubled)
    object.member("reordered", tally.reordered)
    object.member("strayed", tally.strayed)
    object.member("memoryGrowth", json: Figure.list(meanwhile.watched.map { String($0.resident) }))
    object.member("secondsBefore", json: Figure.json(span.seconds))
    object.member("ackedPerSecondBefore", json: Figure.json(Double(before.acked) / span.seconds))
    object.member("deliveredPerSecondBefore", json: Figure.json(Double(before.delivered) / span.seconds))
    before.acknowledgement.write("ackMillisecondsBefore", to: &object)
    before.delivery.write("deliveryMillisecondsBefore", to: &object)
    object.endObject()
  }
}

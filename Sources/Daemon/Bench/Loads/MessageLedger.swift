/// Counts the messages of clients that belong together, on one event loop. Used on that loop only.
final class MessageLedger {
  private unowned let loop: BenchLoop
  var tally = BenchTally()

  init(_ loop: BenchLoop) { self.loop = loop }

  func acknowledged(due: UInt64) {
    tally.acked += 1
    if let window = loop.window(of: loop.now) { tally.windows[window].acked += 1 }
    if let window = loop.window(of: due) { tally.windows[window].acknowledgement.record(latency(due)) }
  }

  func delivered(due: UInt64, _ place: BenchSeries.Place) {
    switch place {
    case .again: return tally.doubled += 1
    case .late: tally.reordered += 1
    case .next: break
    }
    tally.delivered += 1
    if let window = loop.window(of: loop.now) { tally.windows[window].delivered += 1 }
    if let window = loop.window(of: due) { tally.windows[window].delivery.record(latency(due)) }
  }

  private func latency(_ due: UInt64) -> UInt64 {
    let now = loop.now
    return now - min(now, due)
  }

  func strayed() { tally.strayed += 1 }

  func answeredReceipt() {
    if let window = loop.window(of: loop.now) { tally.windows[window].receipts += 1 }
  }

  func refused(_ code: String) { tally.refusals[code.printable, default: 0] += 1 }

  func lost(code: UInt16?) { tally.closed[code ?? 0, default: 0] += 1 }
}

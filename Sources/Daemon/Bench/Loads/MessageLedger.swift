/// Counts the messages of clients that belong together, on one event loop. Used on that loop only.
final class MessageLedger {
  private unowned let loop: BenchLoop
  var tally = BenchTally()

  init(_ loop: BenchLoop) { self.loop = loop }

  func acknowledged(due: UInt64) {
    tally.acked += 1
    guard loop.phase == .measured else { return }
    tally.window.acked += 1
    let now = loop.now
    tally.window.acknowledgement.record(now - min(now, due))
  }

  func delivered(due: UInt64, _ place: BenchSeries.Place) {
    switch place {
    case .again: return tally.doubled += 1
    case .late: tally.reordered += 1
    case .next: break
    }
    tally.delivered += 1
    guard loop.phase == .measured else { return }
    tally.window.delivered += 1
    let now = loop.now
    tally.window.delivery.record(now - min(now, due))
  }

  func answeredReceipt() {
    if loop.phase == .measured { tally.window.receipts += 1 }
  }

  func refused(_ code: String) { tally.refusals[code.printable, default: 0] += 1 }

  func lost(code: UInt16?) { tally.closed[code ?? 0, default: 0] += 1 }
}

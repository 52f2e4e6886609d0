import NIOCore

/// Sends messages to its peer, and looks for what is to come back and what is to come from others.
final class Talker: BenchRole {
  /// A message that awaits an answer.
  private struct Open {
    var due: UInt64
    /// How many answers are to come: two, where it was sent twice.
    var answers = 1
    var isAcknowledged = false
  }

  private let loop: BenchLoop
  private let ledger: MessageLedger
  private let cast: any MessageCast
  private let number: Int
  /// Whom it writes to; `nil` of one who only receives.
  private let peer: String?
  private var client: BenchClient?
  private var nextNumber = 0
  private var open: [Int: Open] = [:]
  /// What has come, by the sender's number.
  private var came: [Int: BenchSeries] = [:]

  init(_ loop: BenchLoop, _ ledger: MessageLedger, _ cast: any MessageCast, _ number: Int, to peer: Int?) {
    self.loop = loop
    self.ledger = ledger
    self.cast = cast
    self.number = number
    self.peer = peer.map(loop.plan.user)
  }

  /// Sends a message that was due at a moment.
  func send(due: UInt64) {
    guard let peer, let client else { return }
    let content = BenchContent(due: due, sender: number, number: nextNumber)
    nextNumber += 1
    let isDoubled = loop.plan.duplicates > 0 && Double.random(in: 0..<1) < loop.plan.duplicates
    open[content.number] = Open(due: due, answers: isDoubled ? 2 : 1)
    ledger.tally.sent += 1
    let text = content.text(filledFrom: loop.filling)
    client.send(content.number, to: peer, text)
    guard isDoubled else { return }
    ledger.tally.resent += 1
    client.send(content.number, to: peer, text)
  }

  func opened(_ client: BenchClient) { self.client = client }

  func lost(code: UInt16?) {
    client = nil
    ledger.lost(code: code)
  }

  func take(_ incoming: BenchIncoming, _ client: BenchClient) {
    switch incoming {
    case .acknowledged(let number): acknowledged(number)
    case .delivered(let content, let id):
      guard let content = BenchContent(content) else { return }
      guard cast.writes(content.sender, to: number) else { return ledger.strayed() }
      ledger.delivered(due: content.due, came[content.sender, default: BenchSeries()].take(content.number))
      if loop.plan.sendsReceipts, let id { client.confirm(id) }
    case .refused(let number, let code, let pause): refused(number, code, retryAfterMs: pause)
    case .receipt: ledger.answeredReceipt()
    default: break
    }
  }

  private func acknowledged(_ number: Int) {
    guard let message = answered(number) else { return ledger.tally.doubled += 1 }
    guard !message.isAcknowledged else { return ledger.tally.repeated += 1 }
    open[number]?.isAcknowledged = true
    ledger.acknowledged(due: message.due)
    if loop.isClosed { send(due: loop.now) }
  }

  private func refused(_ number: Int?, _ code: String, retryAfterMs: Int?) {
    ledger.refused(code)
    guard let number, let message = answered(number) else { return }
    ledger.tally.refused += 1
    guard message.answers == 1, !message.isAcknowledged, loop.isClosed else { return }
    // What a server refuses at once must not be asked at once again.
    let pause = max(100, min(10_000, retryAfterMs ?? 0))
    loop.after(.milliseconds(Int64(pause))) { if self.loop.isClosed { self.send(due: self.loop.now) } }
  }

  /// Takes an answer off what a message awaits, and gives the message as it was before.
  private func answered(_ number: Int) -> Open? {
    guard let message = open[number] else { return nil }
    if message.answers > 1 { open[number]?.answers -= 1 } else { open[number] = nil }
    return message
  }
}

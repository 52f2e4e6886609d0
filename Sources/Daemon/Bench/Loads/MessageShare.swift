import NIOCore

/// The clients of a load of messages on one event loop. Used on that loop only.
final class MessageShare: BenchShare {
  let loop: BenchLoop
  let ledger: MessageLedger
  /// Of the messages to those who do not read.
  let slowLedger: MessageLedger
  private(set) var slow: [SlowReader] = []
  private let cast: (any MessageCast)?
  private var senders: [Talker] = []
  /// How often what is due is sent, where a rate is given.
  private static let tick = TimeAmount.microseconds(500)

  init(_ loop: BenchLoop) {
    self.loop = loop
    cast = loop.plan.messageCast
    ledger = MessageLedger(loop)
    slowLedger = MessageLedger(loop)
  }

  /// How many of its clients send.
  var senderCount: Int { senders.count }

  func role(_ number: Int, token: String) -> any BenchRole {
    guard let cast, number < cast.clientCount else { return Bystander(ledger.lost) }
    switch cast.part(of: number) {
    case .talks(let peer): return talker(ledger, cast, number, to: peer)
    case .feeds(let peer): return talker(slowLedger, cast, number, to: peer)
    case .isSlow:
      let reader = SlowReader(loop, slowLedger, cast, number, token: token)
      slow.append(reader)
      return reader
    }
  }

  private func talker(
    _ ledger: MessageLedger, _ cast: any MessageCast, _ number: Int, to peer: Int?
  ) -> Talker {
    let talker = Talker(loop, ledger, cast, number, to: peer)
    if peer != nil { senders.append(talker) }
    return talker
  }

  /// Begins to send.
  ///
  /// - Parameter rate: The messages a second of each client, where a rate is given.
  func start(rate: Double?) {
    guard !senders.isEmpty else { return }
    guard let rate else {
      for sender in senders {
        for _ in 0..<loop.plan.depth { sender.send(due: loop.now) }
      }
      return
    }
    pace(from: loop.now, gap: 1e9 / (rate * Double(senders.count)), sent: 0)
  }

  /// Sends what has become due, late or not: its latency counts from when it was due.
  private func pace(from start: UInt64, gap: Double, sent: Int) {
    guard loop.isSending else { return }
    var sent = sent
    let now = loop.now
    while true {
      let due = start + UInt64(Double(sent) * gap)
      guard due <= now else { break }
      senders[sent % senders.count].send(due: due)
      sent += 1
    }
    let next = sent
    loop.after(Self.tick) { self.pace(from: start, gap: gap, sent: next) }
  }
}

extension BenchPlan {
  /// Who is who, where the load is one of messages.
  var messageCast: (any MessageCast)? {
    switch load {
    case .pairs(let pairs): PairsLoad(pairs: pairs, slow: slow)
    case .hotReceiver(let senders): HotReceiverLoad(senders: senders)
    case .presence, .storm: nil
    }
  }
}

import NIOCore

/// Is written to, stops reading for a time, and then looks for all it has missed: on the same connection where the
/// server has kept it, else on a new one by a sync.
final class SlowReader: BenchRole {
  /// What has become of one.
  struct Found: Sendable {
    /// By which code the server closed its connection, 0 for none; `nil` where it did not.
    var closed: UInt16?
    /// Messages that came as they were sent.
    var live = 0
    /// Messages that came by a sync alone.
    var synced = 0
  }

  private(set) var found = Found()
  private let loop: BenchLoop
  private let ledger: MessageLedger
  private let cast: any MessageCast
  private let number: Int
  private let token: String
  private var client: BenchClient?
  /// Where its first connection began.
  private var cursor: String?
  private var came = BenchSeries()
  private var hasResumed = false
  private var isSyncing = false

  /// So little that what is not read waits at the server.
  var receiveBuffer: Int32? { isSyncing ? nil : 4096 }

  init(_ loop: BenchLoop, _ ledger: MessageLedger, _ cast: any MessageCast, _ number: Int, token: String) {
    self.loop = loop
    self.ledger = ledger
    self.cast = cast
    self.number = number
    self.token = token
  }

  /// Leaves unread what comes.
  func stop() { client?.setReading(false) }

  /// Reads again.
  func resume() {
    hasResumed = true
    if let client { client.setReading(true) } else { comeBack() }
  }

  func opened(_ client: BenchClient) {
    self.client = client
    if isSyncing, let cursor { client.sync(from: cursor) }
  }

  func take(_ incoming: BenchIncoming, _ client: BenchClient) {
    switch incoming {
    case .cursor(let text): cursor = cursor ?? text
    case .delivered(let bytes, _):
      guard let content = BenchContent(bytes) else { return }
      guard cast.writes(content.sender, to: number) else { return ledger.strayed() }
      switch came.take(content.number) {
      case .again where isSyncing: return
      case .again: return ledger.tally.doubled += 1
      // What is new may overtake the sync of what is old.
      case .late where !isSyncing: ledger.tally.reordered += 1
      case .late, .next: break
      }
      found.live += 1
      ledger.tally.delivered += 1
    case .synced(let page):
      for content in page.contents where came.take(content.number) != .again {
        found.synced += 1
        ledger.tally.delivered += 1
      }
      if page.hasMore { client.sync(from: page.cursor) }
    case .refused(_, let code, _): ledger.refused(code)
    default: break
    }
  }

  func lost(code: UInt16?) {
    client = nil
    if isSyncing { return ledger.lost(code: code) }
    found.closed = code ?? 0
    if hasResumed { comeBack() }
  }

  private func comeBack() {
    isSyncing = true
    loop.connect(number, token: token, self).whenFailure { _ in }
  }
}

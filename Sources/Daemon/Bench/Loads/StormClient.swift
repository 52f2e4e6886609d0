import NIOCore

/// Has been there, was away while messages came for it, and comes back for them.
final class StormClient: BenchRole {
  private enum State {
    /// There for the first time.
    case first
    case away
    /// Comes back, and is not there yet.
    case coming
    /// There again, and asks for what it has missed.
    case syncing
    case done
  }

  private let share: StormShare
  private let number: Int
  private let token: String
  private var state = State.first
  private var client: BenchClient?
  /// When it began to connect, or all began to come back.
  private var begin: UInt64
  /// Where what it misses begins.
  private var cursor: String?
  private var wasReady = false
  private var came = BenchSeries()

  init(_ share: StormShare, _ number: Int, token: String) {
    self.share = share
    self.number = number
    self.token = token
    begin = share.loop.now
  }

  /// Whether it has all that it missed.
  var isDone: Bool { state == .done }

  /// Closes its first connection; succeeds when that is done.
  func leave() -> EventLoopFuture<Void> {
    state = .away
    defer { client = nil }
    return client?.close() ?? share.loop.eventLoop.makeSucceededVoidFuture()
  }

  /// Comes back at once.
  func comeBack(_ begin: UInt64) {
    self.begin = begin
    state = .coming
    connect()
  }

  private func connect() {
    let own = NIOLoopBound(self, eventLoop: share.loop.eventLoop)
    share.loop.connect(number, token: token, self).whenFailure {
      own.value.failed(($0 as? CommandError)?.message ?? "\($0)")
    }
  }

  /// Tries again, as clients do: after a time of its own, so that they don't all come at once again.
  private func failed(_ reason: String) {
    guard share.loop.phase != .over else { return }
    share.tally.failures[reason, default: 0] += 1
    state = .coming
    share.loop.after(.milliseconds(.random(in: 100...1000))) { [self] in
      if state == .coming, share.loop.phase != .over { connect() }
    }
  }

  func opened(_ client: BenchClient) {
    self.client = client
    let latency = share.loop.now - begin
    switch state {
    case .first: share.tally.first.record(latency)
    case .coming:
      if !wasReady { share.tally.ready.record(latency) }
      wasReady = true
      state = .syncing
      client.sync(from: cursor ?? "")
    case .away, .syncing, .done: break
    }
  }

  func take(_ incoming: BenchIncoming, _ client: BenchClient) {
    switch incoming {
    case .cursor(let text): cursor = cursor ?? text
    case .synced(let page): took(page, client)
    case .refused(_, let code, _):
      share.tally.failures["the sync was refused with \(code.printable)", default: 0] += 1
    default: break
    }
  }

  private func took(_ page: SyncPage, _ client: BenchClient) {
    for content in page.contents {
      switch came.take(content.number) {
      case .again: share.tally.repeated += 1
      case .late: share.tally.reordered += 1
      case .next: break
      }
    }
    if page.hasMore { return client.sync(from: page.cursor) }
    state = .done
    share.tally.came += came.count
    share.tally.synced.record(share.loop.now - begin)
  }

  func lost(code: UInt16?) {
    client = nil
    guard state == .syncing else { return share.tally.closed[code ?? 0, default: 0] += 1 }
    failed("the server closed the connection\(code.map { " with code \($0)" } ?? "")")
  }
}

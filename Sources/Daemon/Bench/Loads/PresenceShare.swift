/// The watchers on one event loop, and what they have been told. Used on that loop only.
final class PresenceShare: BenchShare {
  /// What has been counted.
  struct Tally: Sendable {
    /// Updates in the measured time.
    var measured = 0
    /// In the whole run.
    var updates = 0
    /// Updates of the kind that there had been no change for.
    var unfounded = 0
    /// From the beginning of a change to the update, from the measured time on: of coming, and of going.
    var online = LatencyHistogram()
    var offline = LatencyHistogram()
    var closed: [UInt16: Int] = [:]

    mutating func add(_ other: Tally) {
      measured += other.measured
      updates += other.updates
      unfounded += other.unfounded
      online.add(other.online)
      offline.add(other.offline)
      closed.merge(other.closed, uniquingKeysWith: +)
    }
  }

  let loop: BenchLoop
  var tally = Tally()
  /// Whose changes are looked for: set before anybody connects.
  var changes = PresenceChanges()
  private(set) var watchers: [Watcher] = []
  /// When the last update came.
  private(set) var lastUpdate: UInt64 = 0

  init(_ loop: BenchLoop) { self.loop = loop }

  func role(_ number: Int, token: String) -> any BenchRole {
    guard case .presence(let watcherCount, _) = loop.plan.load, number <= watcherCount else {
      return Bystander { [self] in lost(code: $0) }
    }
    let watcher = Watcher(self, number, of: PresenceLoad.person)
    watchers.append(watcher)
    return watcher
  }

  func lost(code: UInt16?) { tally.closed[code ?? 0, default: 0] += 1 }

  func told(_ news: PresenceNews) {
    let now = loop.now
    lastUpdate = now
    tally.updates += 1
    guard let begin = changes.begin(of: news) else { return tally.unfounded += 1 }
    guard loop.phase != .warmUp else { return }
    if loop.phase == .measured { tally.measured += 1 }
    let latency = now - min(now, begin)
    if news.isOnline { tally.online.record(latency) } else { tally.offline.record(latency) }
  }
}

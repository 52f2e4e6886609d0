/// The clients of a storm on one event loop, and what they have seen. Used on that loop only.
final class StormShare: BenchShare {
  /// What has been counted.
  struct Tally: Sendable {
    /// From the beginning of a client's connection to when it may send, while all connect for the first time.
    var first = LatencyHistogram()
    /// From the beginning of the storm to when a client may send, and to when it has all that it missed.
    var ready = LatencyHistogram()
    var synced = LatencyHistogram()
    /// Messages that came by syncs.
    var came = 0
    /// Messages that came by a sync more than once, as they may.
    var repeated = 0
    var reordered = 0
    /// Attempts to come back that failed, by the reason.
    var failures: [String: Int] = [:]
    /// Connections that the server closed when all was done.
    var closed: [UInt16: Int] = [:]

    mutating func add(_ other: Tally) {
      first.add(other.first)
      ready.add(other.ready)
      synced.add(other.synced)
      came += other.came
      repeated += other.repeated
      reordered += other.reordered
      failures.merge(other.failures, uniquingKeysWith: +)
      closed.merge(other.closed, uniquingKeysWith: +)
    }
  }

  let loop: BenchLoop
  var tally = Tally()
  private(set) var clients: [StormClient] = []
  private(set) var posters: [Poster] = []

  init(_ loop: BenchLoop) { self.loop = loop }

  func role(_ number: Int, token: String) -> any BenchRole {
    guard case .storm(let clientCount, let missed) = loop.plan.load, number >= clientCount else {
      let client = StormClient(self, number, token: token)
      clients.append(client)
      return client
    }
    let place = number - clientCount
    let receivers = stride(from: place, to: clientCount, by: StormLoad.posters(for: clientCount))
    let poster = Poster(loop, number, to: Array(receivers), each: missed)
    posters.append(poster)
    return poster
  }
}

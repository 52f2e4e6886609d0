import Glibc

/// A moment of a load, and what processes have used of the machine by then.
struct BenchMark: Sendable {
  let moment = ContinuousClock.now
  let watched: [ProcessUse]
  let own = ProcessUse(of: getpid())

  init(_ watched: [Int32]) { self.watched = watched.map(ProcessUse.init) }
}

/// How long a part of a load took, and what was used of the machine meanwhile.
struct BenchSpan: Sendable {
  let begin: ContinuousClock.Instant
  let seconds: Double
  /// Of each process that is watched.
  let watched: [ProcessUse]
  /// Of the load itself.
  let own: ProcessUse

  init(from begin: BenchMark, to end: BenchMark) {
    self.begin = begin.moment
    seconds = (end.moment - begin.moment).inSeconds
    watched = zip(begin.watched, end.watched).map { $1 - $0 }
    own = end.own - begin.own
  }
}

extension Duration {
  /// In seconds.
  var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

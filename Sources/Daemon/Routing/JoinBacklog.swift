import Services

/// What waits for a device that has joined without its being known from where in the feed on it is to be told.
///
/// What was stored before the device came, and after the node read the feed last, is found by the node later, and can't be
/// told from what was stored since and has failed to come by itself. So what comes by itself waits until the feed has been
/// read up to where it stood after the device came, and goes out with what was found, in the order of the feed.
///
/// Pure: it neither sends nor waits.
struct JoinBacklog {
  /// What became of an event that is for the device.
  enum Fate {
    /// It is to be sent now: nothing is missing before it, or it is not in the feed.
    case due
    /// It waits here.
    case waits
    /// More waits than may: the device is to be cut off, and syncs when it comes back.
    case tooMuch
  }

  private struct Waiting {
    let position: Position
    let event: [UInt8]
  }

  private let limit: Int
  private var waiting: [Waiting] = []
  private var bytes = 0
  /// Up to here all was handed over.
  private var complete: Position
  /// All that was stored before the device came is before this position, and since when that is known.
  private var end: (frontier: Position, since: UInt64)?
  /// Whether nothing waits any more.
  private(set) var isOver = false

  /// - Parameters:
  ///   - position: Behind this the device is told of what is found in the feed.
  ///   - limit: How many bytes may wait.
  init(from position: Position, limit: Int) {
    complete = position
    self.limit = limit
  }

  /// Takes an event.
  mutating func take(_ event: [UInt8], at position: Position?) -> Fate {
    guard !isOver, let position, position > complete else { return .due }
    bytes += event.count
    guard bytes <= limit else {
      finish()
      return .tooMuch
    }
    waiting.append(Waiting(position: position, event: event))
    return .waits
  }

  /// Notes that the feed was read, and all that was found was handed over; gives what is to be sent now, in its order.
  ///
  /// - Parameters:
  ///   - complete: Up to here nothing is missing.
  ///   - frontier: All that had begun when it was read is before this; `nil` where that may have been before the device came.
  mutating func read(upTo complete: Position, frontier: Position?, at now: UInt64) -> [[UInt8]] {
    guard !isOver else { return [] }
    self.complete = max(self.complete, complete)
    if end == nil, let frontier { end = (frontier, now) }
    if let end, self.complete >= end.frontier - 1 || now >= end.since + FollowerState.patience {
      defer { finish() }
      return inOrder(waiting)
    }
    let ready = waiting.filter { $0.position <= self.complete }
    waiting.removeAll { $0.position <= self.complete }
    bytes -= ready.reduce(0) { $0 + $1.event.count }
    return inOrder(ready)
  }

  private mutating func finish() {
    isOver = true
    waiting = []
  }

  /// What is of one place keeps its order.
  private func inOrder(_ some: [Waiting]) -> [[UInt8]] {
    some.enumerated().sorted { ($0.element.position, $0.offset) < ($1.element.position, $1.offset) }
      .map(\.element.event)
  }
}

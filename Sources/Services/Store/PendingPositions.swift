/// Positions that end one by one in any order, of which the first that has not ended is wanted.
struct PendingPositions {
  private struct Entry {
    let position: Position
    var hasEnded = false
  }

  /// In their order; those before `start` have ended.
  private var entries: [Entry] = []
  private var start = 0
  /// How many that have ended are kept at most until the others move up.
  private static let endedMax = 4096

  /// The first that has not ended, once those that have are removed.
  var first: Position? { start < entries.count ? entries[start].position : nil }

  mutating func insert(_ position: Position) {
    // Two connections commit at about the same time: the right place is at the end, or near it.
    var place = entries.count
    while place > start, entries[place - 1].position > position { place -= 1 }
    entries.insert(Entry(position: position), at: place)
  }

  mutating func end(_ position: Position) {
    let place = PositionRanges.firstIndex(in: start..<entries.count) { entries[$0].position >= position }
    if place < entries.count, entries[place].position == position { entries[place].hasEnded = true }
  }

  mutating func removeEnded() {
    while start < entries.count, entries[start].hasEnded { start += 1 }
    if start == entries.count {
      entries.removeAll(keepingCapacity: start <= Self.endedMax)
      start = 0
    } else if start > Self.endedMax {
      entries.removeFirst(start)
      start = 0
    }
  }
}

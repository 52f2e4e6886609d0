/// A set of positions that come nearly in their order and mostly next to each other, as those of a transaction do.
struct PositionRanges {
  /// In their order, none touching the next; those before `first` are removed.
  private var ranges: [ClosedRange<Position>] = []
  private var first = 0
  /// How many removed ranges are kept at most until the others move up.
  private static let removedMax = 1024

  /// Adds a position; `false` where it was there.
  mutating func insert(_ position: Position) -> Bool {
    // The place is at the end, or near it.
    var place = ranges.count
    while place > first, ranges[place - 1].lowerBound > position { place -= 1 }
    if place > first, ranges[place - 1].contains(position) { return false }
    let joinsBefore = place > first && ranges[place - 1].upperBound + 1 == position
    let joinsAfter = place < ranges.count && ranges[place].lowerBound == position + 1
    switch (joinsBefore, joinsAfter) {
    case (true, true):
      ranges[place - 1] = ranges[place - 1].lowerBound...ranges[place].upperBound
      ranges.remove(at: place)
    case (true, false): ranges[place - 1] = ranges[place - 1].lowerBound...position
    case (false, true): ranges[place] = position...ranges[place].upperBound
    case (false, false): ranges.insert(position...position, at: place)
    }
    return true
  }

  func contains(_ position: Position) -> Bool {
    let place = Self.firstIndex(in: first..<ranges.count) { ranges[$0].upperBound >= position }
    return place < ranges.count && ranges[place].contains(position)
  }

  /// What there is behind a position, a range that holds it included.
  func ranges(after position: Position) -> [ClosedRange<Position>] {
    Array(ranges[Self.firstIndex(in: first..<ranges.count) { ranges[$0].upperBound > position }...])
  }

  /// Removes a position and all before it.
  mutating func remove(upTo position: Position) {
    first = Self.firstIndex(in: first..<ranges.count) { ranges[$0].upperBound > position }
    if first < ranges.count, ranges[first].lowerBound <= position {
      ranges[first] = (position + 1)...ranges[first].upperBound
    }
    if first > Self.removedMax || first == ranges.count {
      ranges.removeFirst(first)
      first = 0
    }
  }

  /// The first of indices from which on a condition holds, the end where it holds of none.
  static func firstIndex(in indices: Range<Int>, where holds: (Int) -> Bool) -> Int {
    var (low, high) = (indices.lowerBound, indices.upperBound)
    while low < high {
      let middle = low + (high - low) / 2
      if holds(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

import Services

/// The marks of dead nodes that are held until all behind them is decided. Pure: it neither reads nor writes.
struct TakenMarks {
  /// When all that was open behind a mark had been noted; `nil` while it is being read.
  private var noted: [NodeID: UInt64?] = [:]

  /// Whose marks are held.
  var nodes: [NodeID] { Array(noted.keys) }
  var isEmpty: Bool { noted.isEmpty }

  /// Holds a mark, to read what is behind it: also one that is held, since its node may have been back meanwhile.
  ///
  /// - Returns: Whether it is to be read; one that is being read is read up to now as it is.
  mutating func take(_ node: NodeID) -> Bool {
    if let held = noted[node], held == nil { return false }
    noted.updateValue(nil, forKey: node)
    return true
  }

  /// All behind a mark has been read, and noted up to a moment.
  mutating func read(_ node: NodeID, at moment: UInt64) { noted.updateValue(moment, forKey: node) }

  /// A mark is held no more: it ended, or is left to whoever takes it next.
  mutating func drop(_ nodes: [NodeID]) { for node in nodes { noted.removeValue(forKey: node) } }

  /// The marks behind which all is decided, where all that is open was noted at a moment or later.
  func decided(openSince moment: UInt64?) -> [NodeID] {
    noted.compactMap { node, end in
      guard let end else { return nil }
      return moment.map { end < $0 } ?? true ? node : nil
    }
  }
}

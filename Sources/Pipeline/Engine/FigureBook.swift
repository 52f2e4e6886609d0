/// What an engine has counted, by the names of stages: a name that a later generation has too counts on.
struct FigureBook {
  /// The figures of the chain in force, by its stages.
  private(set) var current: [StageFigures]
  /// What older chains have counted since they were replaced, by revision.
  private var older: [Int: (names: [String], figures: [StageFigures])] = [:]
  /// The figures of names that the chain in force does not have.
  private var retired: [String: StageFigures] = [:]
  private var names: [String]

  /// A book for the first chain.
  init(_ chain: Chain) {
    names = chain.stages.map(\.name)
    current = names.map { _ in StageFigures() }
  }

  /// The figures of the chain in force, in its order, with what events on older chains have added.
  var ofChain: [StageFigures] {
    var sums = current
    for (names, figures) in older.values {
      for (name, counted) in zip(names, figures) {
        if let place = self.names.firstIndex(of: name) { sums[place].add(counted) }
      }
    }
    return sums
  }

  /// Turns to the next chain; the last one's events count on until it is forgotten.
  mutating func turn(from last: Chain, to next: Chain) {
    for (name, counted) in zip(names, current) { retired[name, default: StageFigures()].add(counted) }
    older[last.revision] = (names, names.map { _ in StageFigures() })
    names = next.stages.map(\.name)
    current = names.map { retired.removeValue(forKey: $0) ?? StageFigures() }
  }

  /// Forgets a chain that holds no events any more; what it has counted stays.
  mutating func forget(_ revision: Int) {
    guard let last = older.removeValue(forKey: revision) else { return }
    for (name, counted) in zip(last.names, last.figures) {
      if let place = names.firstIndex(of: name) {
        current[place].add(counted)
      } else {
        retired[name, default: StageFigures()].add(counted)
      }
    }
  }

  /// Changes the figures of a stage of the chain in force.
  @inline(__always) mutating func count(stage: Int, _ change: (inout StageFigures) -> Void) {
    change(&current[stage])
  }

  /// Changes the figures of a stage of an older chain.
  mutating func count(stage: Int, ofRevision revision: Int, _ change: (inout StageFigures) -> Void) {
    guard var last = older.removeValue(forKey: revision) else { return }
    change(&last.figures[stage])
    older[revision] = last
  }
}

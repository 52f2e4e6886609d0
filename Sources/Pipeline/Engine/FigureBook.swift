/// What an engine has counted, by the names of stages: a name that a later generation has too counts on.
struct FigureBook {
  private var figures: [StageFigures] = []
  private var places: [String: Int] = [:]
  /// Where each stage of the chain in force has its figures.
  private var current: [Int] = []
  /// The same of older chains that still hold events, by revision.
  private var older: [Int: [Int]] = [:]

  /// A book for the first chain.
  init(_ chain: Chain) { current = places(of: chain) }

  /// The figures of the chain in force, in its order.
  var ofChain: [StageFigures] { current.map { figures[$0] } }

  /// Turns to the next chain; the last one's events count on until it is forgotten.
  mutating func turn(from last: Chain, to next: Chain) {
    older[last.revision] = current
    current = places(of: next)
  }

  /// Forgets a chain that holds no events any more.
  mutating func forget(_ revision: Int) { older[revision] = nil }

  /// Changes the figures of a stage of the chain in force.
  mutating func count(stage: Int, _ change: (inout StageFigures) -> Void) { change(&figures[current[stage]]) }

  /// Changes the figures of a stage of an older chain.
  mutating func count(stage: Int, ofRevision revision: Int, _ change: (inout StageFigures) -> Void) {
    guard let place = older[revision]?[stage] else { return }
    change(&figures[place])
  }

  private mutating func places(of chain: Chain) -> [Int] {
    var taken: Set<Int> = []
    return chain.stages.map { stage in
      // Of two with one name, which no file can have, the later counts apart.
      if let place = places[stage.name], taken.insert(place).inserted { return place }
      places[stage.name] = figures.count
      taken.insert(figures.count)
      figures.append(StageFigures())
      return figures.count - 1
    }
  }
}

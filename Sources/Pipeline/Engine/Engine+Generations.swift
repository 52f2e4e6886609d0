/// A chain that was replaced and still holds events.
struct OlderGeneration {
  /// How many events it holds.
  var held: Int
  /// Called when it holds none.
  let whenEmpty: @Sendable () -> Void
}

extension Engine {
  /// Puts a chain in force: what is submitted from now on enters it. Each event ends on the chain that it began on, and
  /// a connection's next event enters the new one only after its last has left the old. On the engine's thread only.
  ///
  /// - Parameters:
  ///   - next: A chain of a higher revision.
  ///   - whenEmpty: Called on the engine's thread when the chain that was in force holds no event any more.
  public func install(_ next: Chain, whenEmpty: @escaping @Sendable () -> Void) {
    assert(executor.isCurrent, "chains are put in force on the engine's own thread")
    precondition(next.revision > chain.revision, "a later chain has a higher revision")
    // What has been submitted already has its way through the old chain marked on it.
    turn()
    let last = chain
    figureBook.turn(from: last, to: next)
    enter(next)
    let held = lanes.count(ofGeneration: last.revision)
    if held > 0 {
      older[last.revision] = OlderGeneration(held: held, whenEmpty: whenEmpty)
    } else {
      figureBook.forget(last.revision)
      whenEmpty()
    }
  }

  /// How many events chains hold that are not in force any more. On the engine's thread only.
  public var eventsOnOlderChains: Int { older.values.reduce(0) { $0 + $1.held } }

  /// Ends the wait for stages of an older chain as if their time were up. What is at a commit point keeps its place all
  /// the same, since its outcome is not known. On the engine's thread only.
  public func hasten(_ revision: Int) {
    assert(executor.isCurrent, "chains are hastened on the engine's own thread")
    guard older[revision] != nil else { return }
    expire { $0.chain.revision == revision }
  }

  /// An event has left the engine.
  func left(_ revision: Int) {
    guard !older.isEmpty, var generation = older[revision] else { return }
    generation.held -= 1
    older[revision] = generation.held > 0 ? generation : nil
    guard generation.held == 0 else { return }
    figureBook.forget(revision)
    generation.whenEmpty()
  }
}

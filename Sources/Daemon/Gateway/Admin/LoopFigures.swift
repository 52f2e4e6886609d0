import NIOCore
import Pipeline

/// What the loops have counted, together.
struct LoopFigures: Sendable {
  var counters: GatewayCounters
  /// By the names of stages, in the order of the chain in force.
  var stages: [(name: String, figures: StageFigures)]
  /// How many events the engines hold, and how many of them on older chains.
  var inFlight: Int
  var onOlderChains: Int
  /// How many bytes wait until clients take them.
  var backlog: Int
  /// How many WebSockets the node takes.
  var mostConnections: Int
  var revision: Int

  /// Asks all loops.
  static func gather(_ loops: [LoopGateway]) -> EventLoopFuture<LoopFigures> {
    let parts = loops.map { loop in loop.eventLoop.submit { LoopFigures(loop) } }
    return EventLoopFuture.whenAllSucceed(parts, on: loops[0].eventLoop).map { parts in
      var total = parts[0]
      for part in parts.dropFirst() { total.add(part) }
      return total
    }
  }

  private init(_ loop: LoopGateway) {
    counters = loop.counters
    stages = Array(zip(loop.engine.chain.stages.map(\.name), loop.engine.figures))
    inFlight = loop.engine.eventsInFlight
    onOlderChains = loop.engine.eventsOnOlderChains
    backlog = loop.backlog
    mostConnections = loop.settings.maxConnections
    revision = loop.engine.chain.revision
  }

  /// Loops come to a new chain one after the other, so that their stages may differ for a moment: names count.
  private mutating func add(_ other: LoopFigures) {
    counters.add(other.counters)
    if other.revision > revision { swapOrder(other) }
    for (name, figures) in other.stages {
      guard let index = stages.firstIndex(where: { $0.name == name }) else { continue }
      stages[index].figures.add(figures)
    }
    inFlight += other.inFlight
    onOlderChains += other.onOlderChains
    backlog += other.backlog
    revision = max(revision, other.revision)
  }

  /// Takes the stages of a newer chain, with what was counted so far of those that it still has.
  private mutating func swapOrder(_ newer: LoopFigures) {
    let counted = stages
    stages = newer.stages.map { stage in
      (stage.name, counted.first { $0.name == stage.name }?.figures ?? StageFigures())
    }
  }
}

import NIOCore
import Pipeline
import Synchronization

/// Watches whether the daemon lives: again and again a probe goes through each event loop and its engine, and only when all have
/// come back, life is told. A loop that is stuck keeps its probe, and so all that would follow.
///
/// No stage sees a probe: a store or a server that hangs makes a stage slow, and restarting the daemon would not mend that.
final class Pulse: Sendable {
  private let loops: [LoopGateway]
  private let alive: @Sendable () -> Void
  /// How many probes are on their way.
  private let missing = Atomic<Int>(0)

  /// - Parameter alive: Called when a probe has come back from each of the loops.
  init(_ loops: [LoopGateway], alive: @escaping @Sendable () -> Void) {
    self.loops = loops
    self.alive = alive
  }

  /// Begins; it ends with the first of the loops.
  func start(every period: Duration) {
    let period = TimeAmount.nanoseconds(period.wholeNanoseconds)
    loops[0].eventLoop.scheduleRepeatedTask(initialDelay: period, delay: period) { [self] _ in beat() }
  }

  private func beat() {
    guard missing.compareExchange(expected: 0, desired: loops.count, ordering: .relaxed).exchanged else {
      return
    }
    for loop in loops {
      loop.probe { [self] in
        if missing.wrappingSubtract(1, ordering: .relaxed).newValue == 0 { alive() }
      }
    }
  }
}

/// Where the answer to a probe goes.
final class ProbeSink: AnswerSink {
  private let done: @Sendable () -> Void

  init(_ done: @escaping @Sendable () -> Void) { self.done = done }

  func receive(_ reply: Reply) { done() }
}

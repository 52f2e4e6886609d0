import NIOCore
import Pipeline
import Synchronization

/// Shows the events of all loops to whoever taps them. While nobody does, engines do not know of it.
///
/// It belongs to no chain, so that a tap outlives reloads.
final class TapHub: EngineTap {
  private let sessions = Mutex<[TapSession]>([])
  private let isEnded = Atomic<Bool>(false)
  private let loops: [LoopGateway]
  private let clock: EngineClock

  init(loops: [LoopGateway], clock: EngineClock) {
    self.loops = loops
    self.clock = clock
  }

  /// How many tap now.
  var count: Int { sessions.withLock { $0.count } }

  /// The time of its clock.
  var now: Timestamp { clock.wall() }

  /// A session that takes what a filter lets pass.
  func session(_ filter: TapFilter, close: @escaping @Sendable () -> Void) -> TapSession {
    TapSession(filter, clock: clock, close: close)
  }

  /// Shows events to a session from now on.
  func add(_ session: TapSession) {
    let isFirst = sessions.withLock { sessions in
      sessions.append(session)
      return sessions.count == 1
    }
    if isFirst { change() }
  }

  /// Shows a session nothing any more.
  func remove(_ session: TapSession) {
    let isLast = sessions.withLock { sessions in
      sessions.removeAll { $0 === session }
      return sessions.isEmpty
    }
    if isLast { change() }
  }

  /// Ends all taps: the loops are about to end.
  func end() {
    isEnded.store(true, ordering: .sequentiallyConsistent)
    for session in sessions.withLock({ $0 }) { session.close() }
  }

  /// Has each engine look to this where somebody taps, at the moment when it gets to it.
  private func change() {
    guard !isEnded.load(ordering: .sequentiallyConsistent) else { return }
    for loop in loops {
      loop.eventLoop.execute { [self] in loop.engine.tap = count > 0 ? self : nil }
    }
  }

  func decided(_ event: Event, _ decision: StageDecision) {
    for session in sessions.withLock({ $0 }) where session.filter.takes(event, decision) {
      session.offer {
        TapLine.of(event, decision, at: clock.wall(), showsContent: session.filter.showsContent)
      }
    }
  }

  func ended(_ event: Event, rejection: Rejection?, answer: OutgoingEvent?, elapsed: UInt64, revision: Int) {
    // It is nobody's.
    guard event.type != .probe else { return }
    for session in sessions.withLock({ $0 }) where session.filter.takesEnd(of: event) {
      session.offer {
        TapLine.end(
          of: event, rejection: rejection, answer: answer, elapsed: elapsed, revision: revision,
          at: clock.wall(), showsContent: session.filter.showsContent)
      }
    }
  }
}

/// One who taps: what waits for them, bounded in lines a second and in bytes. What is beyond is dropped, and counted.
final class TapSession: Sendable {
  private struct State {
    var waiting: [UInt8] = []
    var dropped = 0
    var second: UInt64 = 0
    var linesThisSecond = 0
  }

  /// How much may wait for a reader.
  static let mostWaiting = 1024 * 1024

  let filter: TapFilter
  private let clock: EngineClock
  private let state = Mutex(State())

  /// Ends the reader's connection.
  let close: @Sendable () -> Void

  init(_ filter: TapFilter, clock: EngineClock, close: @escaping @Sendable () -> Void) {
    self.filter = filter
    self.clock = clock
    self.close = close
  }

  /// Takes a line, or counts that it was dropped; it is made only where there is room, so that what is dropped costs
  /// next to nothing.
  func offer(_ make: () -> [UInt8]) {
    let second = clock.monotonic() / 1_000_000_000
    let hasRoom = state.withLock { state in
      if state.second != second {
        state.second = second
        state.linesThisSecond = 0
      }
      guard state.linesThisSecond < filter.rate, state.waiting.count < Self.mostWaiting else {
        state.dropped += 1
        return false
      }
      state.linesThisSecond += 1
      return true
    }
    guard hasRoom else { return }
    let line = make()
    state.withLock { $0.waiting += line }
  }

  /// Takes what waits, and how much was dropped since it was asked last.
  func take() -> (lines: [UInt8], dropped: Int) {
    state.withLock { state in
      let taken = (state.waiting, state.dropped)
      state.waiting = []
      state.dropped = 0
      return taken
    }
  }
}

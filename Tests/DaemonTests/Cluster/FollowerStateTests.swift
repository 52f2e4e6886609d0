import Pipeline
import Services
import Testing

@testable import Daemon

@Suite("Following the feed")
struct FollowerStateTests {
  private func delivery(_ position: Position) -> [Delivery] {
    [Delivery(to: "a", OutgoingEvent(.newMessage), at: position)]
  }

  @Test("Without a gap the feed is read a step behind, so that changes can come by themselves first")
  func behind() {
    var state = FollowerState(at: 10)
    #expect(state.step == FollowerState.Step(start: 10, end: 10))
    #expect(state.finished(state.step, horizon: 20, frontier: 25, at: 0).limit == 10)
    #expect(state.complete == 10)
    #expect(state.step == FollowerState.Step(start: 10, end: 20))
    _ = state.finished(state.step, horizon: 30, frontier: 31, at: 0)
    #expect(state.complete == 20)
    #expect(state.take(delivery(40), at: 0).count == 1)
  }

  @Test("In a gap all is read, and what comes is held back until all that may be missing is there")
  func gap() {
    var state = FollowerState(at: 10)
    state.missing(at: 0)
    #expect(state.take(delivery(50), at: 0).isEmpty)
    let step = state.step
    #expect(step == FollowerState.Step(start: 10, end: nil, gaps: 1))
    // A transaction before 60 still runs: the feed is complete up to 20 only.
    #expect(state.finished(step, horizon: 20, frontier: 60, at: 1).positions == [])
    #expect(state.hasGap && state.complete == 20)
    #expect(state.take(delivery(55), at: 1).isEmpty)
    #expect(state.take(delivery(59), at: 1).isEmpty)
    // What is final need not wait for the rest, which may have to come before what else is held.
    let part = state.finished(state.step, horizon: 52, frontier: 90, at: 2)
    #expect(part.positions == [50] && part.limit == 52)
    let rest = state.finished(state.step, horizon: 59, frontier: 90, at: 3)
    #expect(rest.positions == [55, 59] && rest.limit == .max)
    // What comes while that is handed over waits behind it.
    #expect(state.take(delivery(56), at: 3).isEmpty)
    #expect(state.drained().map(\.delivery.position) == [56])
    #expect(state.drained().isEmpty && !state.hasGap)
  }

  @Test("A gap that opens again while it is closed is read anew")
  func again() {
    var state = FollowerState(at: 10)
    state.missing(at: 0)
    _ = state.finished(state.step, horizon: 20, frontier: 21, at: 0)
    state.missing(at: 1)
    // What this reading saw was begun before the second gap.
    #expect(state.finished(state.step, horizon: 30, frontier: 40, at: 1).limit == 30)
    #expect(state.hasGap)
    _ = state.finished(state.step, horizon: 45, frontier: 46, at: 2)
    #expect(state.drained().isEmpty && !state.hasGap)
  }

  @Test("While things go on missing a gap stays open, however often the feed is read")
  func staysOpen() {
    var state = FollowerState(at: 10)
    state.interrupted(at: 0)
    for now in 1...3 as ClosedRange<UInt64> {
      _ = state.finished(state.step, horizon: 90 + now, frontier: 91 + now, at: FollowerState.patience * now)
    }
    #expect(state.hasGap && state.complete == 93)
    #expect(state.take(delivery(97), at: 0).isEmpty)
    state.resumed(at: FollowerState.patience * 4)
    _ = state.finished(state.step, horizon: 95, frontier: 96, at: FollowerState.patience * 4)
    let end = state.finished(state.step, horizon: 95, frontier: 96, at: FollowerState.patience * 4)
    #expect(end.positions == [97])
    #expect(state.drained().isEmpty && !state.hasGap)
  }

  @Test("A reading that began before something was missing closes no gap")
  func earlierReading() {
    var state = FollowerState(at: 10)
    state.missing(at: 0)
    let early = state.step
    state.missing(at: 1)
    _ = state.finished(early, horizon: 20, frontier: 21, at: 2)
    #expect(state.finished(state.step, horizon: 30, frontier: 31, at: 3).limit == 30 && state.hasGap)
    _ = state.finished(state.step, horizon: 30, frontier: 31, at: 4)
    #expect(state.drained().isEmpty && !state.hasGap)
  }

  @Test("A reading that was under way when a gap opened releases no more than it has read")
  func boundedReading() {
    var state = FollowerState(at: 10)
    _ = state.finished(state.step, horizon: 20, frontier: 21, at: 0)
    let step = state.step
    #expect(step.end == 20)
    state.missing(at: 1)
    #expect(state.take(delivery(40), at: 1).isEmpty)
    let release = state.finished(step, horizon: 50, frontier: 51, at: 2)
    #expect(release.limit == 20 && release.positions == [])
    #expect(state.complete == 20)
  }

  @Test("A transaction that hangs holds nobody up for longer than the patience")
  func patience() {
    var state = FollowerState(at: 10)
    state.missing(at: 0)
    _ = state.take(delivery(50), at: 0)
    let began = 5 * FollowerState.patience
    #expect(state.finished(state.step, horizon: 20, frontier: 60, at: began).positions == [])
    #expect(state.finished(state.step, horizon: 20, frontier: 60, at: began + 1).positions == [])
    let end = state.finished(state.step, horizon: 20, frontier: 60, at: began + FollowerState.patience)
    #expect(end.positions == [50] && end.limit == .max)
  }

  @Test("What this node stored itself waits only where a change of its own may be missing")
  func own() {
    var state = FollowerState(at: 10)
    state.missing(at: 0)
    #expect(state.takeOwn(delivery(50)).count == 1)
    state.missingOwn(at: 0)
    #expect(
      state.takeOwn(delivery(51) + [Delivery(to: "a", OutgoingEvent(.userTyping))]).map(\.position) == [nil])
    _ = state.take(delivery(52), at: 0)
    _ = state.finished(state.step, horizon: 40, frontier: 71, at: 1)
    let held = state.finished(state.step, horizon: 70, frontier: 71, at: 2).held
    #expect(held.map(\.isOwn) == [true, false] && state.drained().isEmpty)
    #expect(state.takeOwn(delivery(53)).count == 1)
  }

  @Test("Too much to hold back is dropped and read from the feed")
  func bounded() {
    var state = FollowerState(at: 10)
    state.missing(at: 0)
    let many = Array(repeating: delivery(50)[0], count: FollowerState.heldLimit)
    #expect(state.take(many, at: 0).isEmpty)
    #expect(state.take(delivery(51), at: 0).isEmpty)
    _ = state.finished(state.step, horizon: 40, frontier: 71, at: 1)
    #expect(state.finished(state.step, horizon: 70, frontier: 71, at: 2).positions == [])
    #expect(state.drained().isEmpty && !state.hasGap)
  }
}

extension FollowerState.Release {
  fileprivate var positions: [Position?] { held.map(\.delivery.position) }
}

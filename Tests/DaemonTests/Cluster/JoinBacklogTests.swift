import Services
import Testing

@testable import Daemon

@Suite("What waits for a device that has joined while the store did not answer")
struct JoinBacklogTests {
  private var backlog = JoinBacklog(from: 10, limit: 100)

  private mutating func take(_ number: UInt8, at position: Position?) -> JoinBacklog.Fate {
    backlog.take([number], at: position)
  }

  @Test("What comes by itself goes out behind what was stored before and is found later")
  mutating func order() {
    #expect(take(50, at: 50) == .waits)
    #expect(take(60, at: 60) == .waits)
    // A reading that had begun before the device came says nothing of what was stored before that.
    #expect(backlog.read(upTo: 20, frontier: nil, at: 0) == [] && !backlog.isOver)
    #expect(backlog.read(upTo: 20, frontier: 45, at: 0) == [] && !backlog.isOver)
    #expect(take(40, at: 40) == .waits)
    #expect(take(41, at: 40) == .waits)
    #expect(backlog.read(upTo: 44, frontier: 70, at: 1) == [[40], [41], [50], [60]] && backlog.isOver)
    #expect(take(70, at: 70) == .due)
    #expect(backlog.read(upTo: 90, frontier: 91, at: 2) == [])
  }

  @Test("What was read to its place goes out at once: a cursor may be there soon")
  mutating func partly() {
    #expect(take(30, at: 30) == .waits)
    #expect(take(20, at: 20) == .waits)
    #expect(take(60, at: 60) == .waits)
    #expect(backlog.read(upTo: 30, frontier: 80, at: 0) == [[20], [30]] && !backlog.isOver)
    // A change of this node's own, of which it tells later than it was found.
    #expect(take(25, at: 25) == .due)
    #expect(take(31, at: 31) == .waits)
  }

  @Test("What is not in the feed, or before where the device begins, waits for nothing")
  mutating func due() {
    #expect(take(1, at: nil) == .due)
    #expect(take(2, at: 10) == .due)
    #expect(take(3, at: 11) == .waits)
  }

  @Test(
    "A transaction that hangs holds nothing up for longer than the patience, from when the feed can be read")
  mutating func patience() {
    #expect(take(50, at: 50) == .waits)
    let began = 5 * FollowerState.patience
    #expect(backlog.read(upTo: 20, frontier: 60, at: began) == [])
    #expect(backlog.read(upTo: 20, frontier: 90, at: began + FollowerState.patience - 1) == [])
    #expect(backlog.read(upTo: 20, frontier: 95, at: began + FollowerState.patience) == [[50]])
    #expect(backlog.isOver)
  }

  @Test("More than may wait cuts the device off")
  mutating func bounded() {
    for position in 11...60 as ClosedRange<Position> {
      #expect(backlog.take([0, 0], at: position) == .waits)
    }
    #expect(take(1, at: 61) == .tooMuch)
    #expect(backlog.isOver && backlog.read(upTo: 90, frontier: 91, at: 0) == [])
  }

  @Test("What has gone out makes room")
  mutating func room() {
    for position in 11...60 as ClosedRange<Position> {
      #expect(backlog.take([0, 0], at: position) == .waits)
    }
    #expect(backlog.read(upTo: 60, frontier: nil, at: 0).count == 50)
    #expect(take(1, at: 61) == .waits)
  }
}

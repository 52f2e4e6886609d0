import Pipeline
import Testing

@testable import Services

@Suite("Positions in the feed")
struct PositionsTests {
  @Test("Those of what a store has done are told in their order, whatever came between")
  func results() {
    func change(_ number: UInt64, at position: Position?) -> MessageChange {
      MessageChange(
        messageID: MessageID(rawValue: number), senderID: "a", receiverID: "b",
        at: Timestamp(milliseconds: 1),
        version: 2, position: position)
    }
    let results: [WriteResult] = [
      .stored(MessageID(rawValue: 1), 30), .done,
      .changed([change(2, at: 45), change(3, at: 41), change(4, at: nil)]),
      .stored(MessageID(rawValue: 5), 31), .unavailable("away"), .duplicate(MessageID(rawValue: 6)),
    ]
    #expect(results.positions == [30, 31, 41, 45])
  }

  @Test("Ranges hold what a set holds")
  func ranges() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      var ranges = PositionRanges()
      var model: Set<Position> = []
      var (next, lowest): (Position, Position) = (100, 0)
      for _ in 0..<300 {
        switch Int.random(in: 0..<10, using: &random) {
        case 0:
          lowest = max(lowest, next - min(next, .random(in: 0...60, using: &random)))
          ranges.remove(upTo: lowest)
          model = model.filter { $0 > lowest }
        case 1, 2: next += Position.random(in: 2...5, using: &random)
        default: next += 1
        }
        // Mostly at the end, now and then before it.
        let late = Int.random(in: 0..<4, using: &random) == 0
        let position = late ? next - min(next, .random(in: 0...10, using: &random)) : next
        if position > lowest { #expect(ranges.insert(position) == model.insert(position).inserted) }
        for near in max(1, next - 70)...(next + 3) { #expect(ranges.contains(near) == model.contains(near)) }
        let start = next - min(next, 30)
        let behind = ranges.ranges(after: start).flatMap(Array.init)
        #expect(behind.filter { $0 > start } == model.filter { $0 > start }.sorted())
      }
    }
  }

  @Test("The first that has not ended is known, whatever ends when, and what was never begun may end")
  func pending() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<20 {
      var pending = PendingPositions()
      var open: [Position] = []
      var next: Position = 0
      for _ in 0..<6000 {
        if open.count < 3 || Bool.random(using: &random) {
          next += 2
          let position = Bool.random(using: &random) ? next : next - 1
          pending.insert(position)
          open.append(position)
        } else {
          let place = Int.random(in: open.indices, using: &random)
          pending.end(open.remove(at: place))
          pending.end(next + 1)
          pending.removeEnded()
        }
        #expect(pending.first == open.min())
      }
    }
  }
}

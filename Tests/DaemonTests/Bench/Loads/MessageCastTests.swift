import Testing

@testable import Daemon

@Suite("Who writes to whom in a load")
struct MessageCastTests {
  @Test("Those of a pair write to each other; a sender of their own writes to those who do not read")
  func pairs() {
    let load = PairsLoad(pairs: 2, slow: 1)
    #expect(load.clientCount == 6)
    #expect(
      (0..<6).map(load.part) == [
        .talks(to: 1), .talks(to: 0), .talks(to: 3), .talks(to: 2), .feeds(5), .isSlow,
      ])
  }

  @Test("Who gets what somebody else is written is known")
  func writes() {
    let load = PairsLoad(pairs: 1, slow: 1)
    let found = (-1..<5).flatMap { sender in
      (0..<4).filter { load.writes(sender, to: $0) }.map { [sender, $0] }
    }
    #expect(found == [[0, 1], [1, 0], [2, 3]])
  }

  @Test("All write to the first, who writes to nobody")
  func hotReceiver() {
    let load = HotReceiverLoad(senders: 2)
    #expect(load.clientCount == 3)
    #expect((0..<3).map(load.part) == [.talks(to: nil), .talks(to: 0), .talks(to: 0)])
  }
}

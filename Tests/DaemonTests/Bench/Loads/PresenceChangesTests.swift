import Pipeline
import Testing

@testable import Daemon

@Suite("Which change an update of presence tells of")
struct PresenceChangesTests {
  private let changes: PresenceChanges = {
    let changes = PresenceChanges()
    changes.add(isOnline: true, wall: Timestamp(milliseconds: 100), moment: 1)
    changes.add(isOnline: false, wall: Timestamp(milliseconds: 200), moment: 2)
    changes.add(isOnline: true, wall: Timestamp(milliseconds: 300), moment: 3)
    changes.add(isOnline: false, wall: Timestamp(milliseconds: 400), moment: 4)
    return changes
  }()

  private func begin(_ isOnline: Bool, _ lastSeen: Int64) -> UInt64? {
    changes.begin(
      of: PresenceNews(user: "a", isOnline: isOnline, lastSeen: Timestamp(milliseconds: lastSeen)))
  }

  @Test("It is the last of its kind that had begun by then")
  func found() {
    #expect(changes.count == 4)
    #expect(begin(true, 100) == 1 && begin(true, 299) == 1 && begin(true, 300) == 3 && begin(true, 999) == 3)
    #expect(begin(false, 200) == 2 && begin(false, 399) == 2 && begin(false, 400) == 4)
  }

  @Test("An update from before all changes tells of none")
  func unfounded() {
    #expect(begin(true, 99) == nil && begin(false, 199) == nil)
  }
}

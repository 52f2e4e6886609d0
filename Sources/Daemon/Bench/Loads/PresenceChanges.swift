import Pipeline
import Synchronization

/// When the one who is watched came and went; from all loops.
final class PresenceChanges: Sendable {
  private struct Change {
    let isOnline: Bool
    let wall: Timestamp
    let moment: UInt64
  }

  private let changes = Mutex<[Change]>([])

  /// How often they came or went.
  var count: Int { changes.withLock { $0.count } }

  /// Notes a change that begins now, by both clocks.
  func add(isOnline: Bool, wall: Timestamp, moment: UInt64) {
    changes.withLock { $0.append(Change(isOnline: isOnline, wall: wall, moment: moment)) }
  }

  /// When the change began that an update tells of; `nil` where there was none by then.
  ///
  /// Several of a kind may have come before an update is there, and some have no update at all: `lastSeen` is within the
  /// change, and the next of the kind begins only after it.
  func begin(of news: PresenceNews) -> UInt64? {
    changes.withLock { changes in
      changes.last { $0.isOnline == news.isOnline && $0.wall <= news.lastSeen }?.moment
    }
  }
}

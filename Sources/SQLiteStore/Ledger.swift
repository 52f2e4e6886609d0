import Services
import Synchronization

/// What the writer tells the other threads: how far the feed is committed, and what it has done.
final class Ledger: Sendable {
  private let committed: Atomic<UInt64>
  private let commits = Atomic<UInt64>(0)
  private let writes = Atomic<UInt64>(0)
  private let failures = Atomic<UInt64>(0)

  init(position: Position) { committed = Atomic(position) }

  /// Every change up to here is visible to a snapshot that is taken from now on.
  var position: Position { committed.load(ordering: .acquiring) }

  var figures: SQLiteFigures {
    SQLiteFigures(
      commits: commits.load(ordering: .relaxed), writes: writes.load(ordering: .relaxed),
      failures: failures.load(ordering: .relaxed))
  }

  func committed(to position: Position, writes count: Int) {
    committed.store(position, ordering: .releasing)
    commits.wrappingAdd(1, ordering: .relaxed)
    writes.wrappingAdd(UInt64(count), ordering: .relaxed)
  }

  func failed() { failures.wrappingAdd(1, ordering: .relaxed) }
}

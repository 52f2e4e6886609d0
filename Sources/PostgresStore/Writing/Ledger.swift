import Synchronization

/// What a PostgreSQL store has done since it was opened.
public struct PostgresFigures: Sendable, Equatable {
  /// Transactions that were committed.
  public var commits: UInt64
  /// Changes that were made durable by them.
  public var writes: UInt64
  /// Transactions that failed.
  public var failures: UInt64
  /// Questions that were answered.
  public var reads: UInt64
  /// Trips to the server in which they were.
  public var readTrips: UInt64
}

/// Counts what the threads of a store do.
final class Ledger: Sendable {
  private let commits = Atomic<UInt64>(0)
  private let writes = Atomic<UInt64>(0)
  private let failures = Atomic<UInt64>(0)
  private let reads = Atomic<UInt64>(0)
  private let readTrips = Atomic<UInt64>(0)

  var figures: PostgresFigures {
    PostgresFigures(
      commits: commits.load(ordering: .relaxed), writes: writes.load(ordering: .relaxed),
      failures: failures.load(ordering: .relaxed), reads: reads.load(ordering: .relaxed),
      readTrips: readTrips.load(ordering: .relaxed))
  }

  func committed(writes count: Int) {
    commits.wrappingAdd(1, ordering: .relaxed)
    writes.wrappingAdd(UInt64(count), ordering: .relaxed)
  }

  func failed() { failures.wrappingAdd(1, ordering: .relaxed) }

  func answered(_ count: Int) {
    reads.wrappingAdd(UInt64(count), ordering: .relaxed)
    readTrips.wrappingAdd(1, ordering: .relaxed)
  }
}

import Services
import Synchronization

/// Where the feed begins, for all threads.
final class FeedStart: Sendable {
  private let value: Atomic<UInt64>

  init(_ position: Position) { value = Atomic(position) }

  var position: Position { value.load(ordering: .relaxed) }

  func move(to position: Position) { value.store(position, ordering: .relaxed) }
}

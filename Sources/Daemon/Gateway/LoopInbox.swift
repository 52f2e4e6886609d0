import Synchronization

/// What other threads have for one loop, in the order in which they handed it over.
///
/// The loop takes all of it before it does anything of the same kind by itself: what is handed over on the loop must not
/// overtake what is on its way to it.
final class LoopInbox<Item: Sendable>: Sendable {
  private let waiting = Mutex<[Item]>([])
  private let hasWaiting = Atomic<Bool>(false)

  /// Adds items, from any thread; `true` where the loop has to be told, since none waited.
  func add(_ items: [Item]) -> Bool {
    guard !items.isEmpty else { return false }
    return waiting.withLock { waiting in
      waiting += items
      hasWaiting.store(true, ordering: .releasing)
      return waiting.count == items.count
    }
  }

  /// Takes what waits; costs next to nothing where nothing does.
  func take() -> [Item] {
    guard hasWaiting.load(ordering: .acquiring) else { return [] }
    return waiting.withLock { waiting in
      hasWaiting.store(false, ordering: .relaxed)
      defer { waiting = [] }
      return waiting
    }
  }
}

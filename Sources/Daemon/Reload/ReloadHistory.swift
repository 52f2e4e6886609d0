import Synchronization

/// What has come of reloads.
final class ReloadHistory: Sendable {
  /// How many there were, by their result, and the last.
  struct Figures: Sendable {
    var succeeded: UInt64 = 0
    var failed: UInt64 = 0
    var last: ReloadVerdict?
  }

  private let held = Mutex(Figures())

  var figures: Figures { held.withLock { $0 } }

  /// Keeps a verdict; `nil`, that a reload begins, is nothing to keep.
  func note(_ verdict: ReloadVerdict?) {
    guard let verdict else { return }
    held.withLock { figures in
      switch verdict.result {
      case .ok: figures.succeeded += 1
      case .failed: figures.failed += 1
      }
      figures.last = verdict
    }
  }
}

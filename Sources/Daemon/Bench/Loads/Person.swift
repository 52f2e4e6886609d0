import NIOCore
import Pipeline

/// The one who is watched: comes and goes, and notes when. Used on its event loop only.
final class Person: BenchRole {
  private let loop: BenchLoop
  private let number: Int
  private let token: String
  private let changes: PresenceChanges
  private var client: BenchClient?
  private let isLost: (UInt16?) -> Void

  init(
    _ loop: BenchLoop, _ number: Int, token: String, _ changes: PresenceChanges,
    isLost: @escaping (UInt16?) -> Void
  ) {
    self.loop = loop
    self.number = number
    self.token = token
    self.changes = changes
    self.isLost = isLost
  }

  /// Whether it is there.
  var isOnline: Bool { client != nil }

  /// Whether it is still to come and go.
  var isWanted: Bool { loop.isSending }

  /// Comes, where it is away, or goes; succeeds when that is done.
  func change() -> EventLoopFuture<Void> {
    changes.add(isOnline: client == nil, wall: loop.wall, moment: loop.now)
    guard let client else { return loop.connect(number, token: token, self) }
    self.client = nil
    return client.close()
  }

  func opened(_ client: BenchClient) { self.client = client }

  func lost(code: UInt16?) {
    client = nil
    isLost(code)
  }
}

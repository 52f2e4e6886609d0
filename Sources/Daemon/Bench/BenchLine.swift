import NIOCore

/// Clients of one event loop that wait to be connected: as one is, the next follows. Used on that loop only.
final class BenchLine {
  private var waiting: ArraySlice<Int>
  private var missing: Int
  private let done: EventLoopPromise<Void>
  private let connect: (Int) throws -> EventLoopFuture<Void>
  private var hasFailed = false

  /// - Parameter connect: Connects the client of a number, and succeeds when it may send.
  init(
    _ numbers: [Int], on eventLoop: any EventLoop, _ connect: @escaping (Int) throws -> EventLoopFuture<Void>
  ) {
    waiting = numbers[...]
    missing = numbers.count
    done = eventLoop.makePromise()
    self.connect = connect
  }

  /// Connects all, so many at a time. Fails with the first who can't be; nobody is begun with after that.
  func begin(_ count: Int) -> EventLoopFuture<Void> {
    if missing == 0 { done.succeed() }
    for _ in 0..<count { next() }
    return done.futureResult
  }

  private func next() {
    guard !hasFailed, let number = waiting.popFirst() else { return }
    do {
      try connect(number).assumeIsolated().whenComplete { self.ended($0) }
    } catch {
      ended(.failure(error))
    }
  }

  private func ended(_ result: Result<Void, any Error>) {
    switch result {
    case .success:
      missing -= 1
      if missing == 0 { done.succeed() } else { next() }
    case .failure(let error):
      hasFailed = true
      done.fail(error)
    }
  }
}

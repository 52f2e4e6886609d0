import NIOCore

extension EventLoopFuture where Value: Sendable {
  /// Waits for the outcome. Unlike `get()`, it goes by a continuation that the thread sanitizer can follow.
  func outcome() async -> Result<Value, any Error> {
    await withCheckedContinuation { next in whenComplete { next.resume(returning: $0) } }
  }
}

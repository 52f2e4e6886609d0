import Synchronization

/// What has come in and was not taken yet, between a channel's thread and the one task that reads.
final class FrameQueue: Sendable {
  private struct State {
    var frames: [[UInt8]] = []
    var end: Result<Void, CommandError>?
    var waiter: CheckedContinuation<Void, Never>?
  }
  private let state = Mutex(State())

  func append(_ frame: [UInt8]) { change { $0.frames.append(frame) } }

  /// Nothing comes after this.
  func finish(_ end: Result<Void, CommandError>) { change { if $0.end == nil { $0.end = end } } }

  /// The next frame; `nil` at the end.
  func next() async throws(CommandError) -> [UInt8]? {
    while true {
      let (frame, end) = state.withLock { state in
        (state.frames.isEmpty ? nil : state.frames.removeFirst(), state.end)
      }
      if let frame { return frame }
      if let end {
        try end.get()
        return nil
      }
      await withCheckedContinuation { continuation in
        let isThere = state.withLock { state in
          let isThere = !state.frames.isEmpty || state.end != nil
          if !isThere { state.waiter = continuation }
          return isThere
        }
        if isThere { continuation.resume() }
      }
    }
  }

  private func change(_ body: (inout State) -> Void) {
    let waiter = state.withLock { state in
      body(&state)
      return state.waiter.take()
    }
    waiter?.resume()
  }
}

import Dispatch
import Glibc
import Synchronization

/// Hears of signals of the process, whatever thread they reach.
final class SignalWatch {
  private let queue = SignalQueue()
  private let sources: [any DispatchSourceSignal]

  /// Takes the signals away from their default action.
  init(_ signals: [Int32]) {
    let queue = queue
    sources = signals.map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number)
      source.setEventHandler { queue.note(number) }
      source.resume()
      return source
    }
  }

  /// The next of the signals to come.
  func next() async -> Int32 { await queue.next() }
}

/// Signals between the thread that hears of them and the one task that waits.
private final class SignalQueue: Sendable {
  private struct State {
    var received: [Int32] = []
    var waiter: CheckedContinuation<Int32, Never>?
  }
  private let state = Mutex(State())

  func next() async -> Int32 {
    await withCheckedContinuation { continuation in
      let received = state.withLock { state -> Int32? in
        if state.received.isEmpty { state.waiter = continuation }
        return state.received.isEmpty ? nil : state.received.removeFirst()
      }
      if let received { continuation.resume(returning: received) }
    }
  }

  func note(_ number: Int32) {
    let waiter = state.withLock { state in
      let waiter = state.waiter.take()
      if waiter == nil { state.received.append(number) }
      return waiter
    }
    waiter?.resume(returning: number)
  }
}

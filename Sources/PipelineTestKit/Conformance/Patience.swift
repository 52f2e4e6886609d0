import Pipeline
import Synchronization

/// Waits for what may never come: a stage that hangs must not hang the test that finds it out.
struct Patience: Sendable {
  let limit: Duration

  /// What a task makes; `nil` where it has not in time, and it is cancelled then.
  func wait<Value: Sendable>(for body: @escaping @Sendable () async -> Value) async -> Value? {
    let race = Race<Value>()
    let task = Task { race.finish(await body()) }
    let value = await outcome(of: race)
    task.cancel()
    return value
  }

  /// What a thread of its own makes; `nil` where it has not in time, and the thread is left to itself then.
  func waitForThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value? {
    let race = Race<Value>()
    DetachedThread.start { race.finish(body()) }
    return await outcome(of: race)
  }

  private func outcome<Value: Sendable>(of race: Race<Value>) async -> Value? {
    let limit = limit
    let timer = Task {
      try? await Task.sleep(for: limit)
      race.finish(nil)
    }
    let value = await race.result()
    timer.cancel()
    return value
  }
}

/// Takes the first of several outcomes.
private final class Race<Value: Sendable>: Sendable {
  private struct State {
    var outcome: Value??
    var waiter: CheckedContinuation<Value?, Never>?
  }
  private let state = Mutex(State())

  func finish(_ value: Value?) {
    let waiter = state.withLock { state -> CheckedContinuation<Value?, Never>? in
      guard state.outcome == nil else { return nil }
      state.outcome = .some(value)
      return state.waiter.take()
    }
    waiter?.resume(returning: value)
  }

  func result() async -> Value? {
    await withCheckedContinuation { continuation in
      let outcome = state.withLock { state -> Value?? in
        if state.outcome == nil { state.waiter = continuation }
        return state.outcome
      }
      if let outcome { continuation.resume(returning: outcome) }
    }
  }
}

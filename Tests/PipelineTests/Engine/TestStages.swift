import Synchronization

@testable import Pipeline

/// A stage whose verdict on an event is decided by a closure.
struct Judging: EventStage {
  static let name = "judging"
  static let events = EventFilter.all
  let judge: @Sendable (inout Event) throws -> Verdict

  init(_ judge: @escaping @Sendable (inout Event) throws -> Verdict) { self.judge = judge }
  init(_ configuration: NoConfiguration, _ context: StageContext) { judge = { _ in .continue } }

  func process(_ event: inout Event) throws -> Verdict { try judge(&event) }
}

/// A stage that keeps every batch until the test gives it back.
final class Holding: DeferringStage {
  static let name = "holding"
  static let hearsSettlements = true
  typealias Batch = (batch: EventBatch, done: @Sendable (EventBatch) -> Void)
  private let held = Mutex<[Batch]>([])
  private let heard = Mutex<[Settlement]>([])

  init() {}
  init(_ configuration: NoConfiguration, _ context: StageContext) {}

  var batches: Int { held.withLock { $0.count } }
  var settlements: [Settlement] { heard.withLock { $0 } }

  func process(_ batch: EventBatch, done: @escaping @Sendable (EventBatch) -> Void) {
    held.withLock { $0.append((batch, done)) }
  }

  func settled(_ settlements: [Settlement]) { heard.withLock { $0 += settlements } }

  /// Gives a batch back, changed by `change`.
  func giveBack(at index: Int = 0, _ change: (inout EventBatch) -> Void = { _ in }) {
    var (batch, done) = held.withLock { $0.remove(at: index) }
    change(&batch)
    done(batch)
  }
}

/// A stage that asks ahead about events, and notes what it was shown and what it was given.
final class AskingAhead: DeferringStage {
  static let name = "asking_ahead"
  let asksAhead: Bool
  private let seen = Mutex<(ahead: [[String]], given: [[String]])>(([], []))

  init(asksAhead: Bool = true) { self.asksAhead = asksAhead }
  init(_ configuration: NoConfiguration, _ context: StageContext) { asksAhead = true }

  /// The names of events as they were shown ahead, call by call.
  var ahead: [[String]] { seen.withLock { $0.ahead } }
  /// The names of events as they came.
  var given: [[String]] { seen.withLock { $0.given } }

  func prepare(_ batch: inout EventBatch) {
    let names = batch.indices.map { batch[$0].data.string("name") ?? "" }
    seen.withLock { $0.ahead.append(names) }
    // Nobody is to hear that.
    for index in batch.indices { batch.reject("NO", "not yours to say here", at: index) }
  }

  func process(_ batch: EventBatch, done: @escaping @Sendable (EventBatch) -> Void) {
    let names = batch.indices.map { batch[$0].data.string("name") ?? "" }
    seen.withLock { $0.given.append(names) }
    done(batch)
  }
}

/// A stage that runs each event as a task that waits for the test.
final class Waiting: AsyncStage {
  static let name = "waiting"
  private let waiters = Mutex<[(user: String, continuation: CheckedContinuation<Verdict, Never>)]>([])
  private let arrivals = Mutex<(count: Int, awaited: [(Int, CheckedContinuation<Void, Never>)])>((0, []))

  init() {}
  init(_ configuration: NoConfiguration, _ context: StageContext) {}

  func process(_ event: inout Event) async throws -> Verdict {
    let user = event.identity?.userID ?? ""
    return await withCheckedContinuation { continuation in
      waiters.withLock { $0.append((user, continuation)) }
      let resumed = arrivals.withLock { arrivals in
        arrivals.count += 1
        let due = arrivals.awaited.filter { $0.0 <= arrivals.count }
        arrivals.awaited.removeAll { $0.0 <= arrivals.count }
        return due
      }
      for item in resumed { item.1.resume() }
    }
  }

  /// Returns when so many events have arrived in all.
  func untilArrived(_ count: Int) async {
    await withCheckedContinuation { continuation in
      let isThere = arrivals.withLock { arrivals in
        if arrivals.count < count { arrivals.awaited.append((count, continuation)) }
        return arrivals.count >= count
      }
      if isThere { continuation.resume() }
    }
  }

  /// Lets the oldest waiting event of a user go on.
  func letGo(_ user: String, _ verdict: Verdict = .continue) {
    let waiter = waiters.withLock { waiters in
      waiters.firstIndex { $0.user == user }.map { waiters.remove(at: $0) }
    }
    waiter?.continuation.resume(returning: verdict)
  }
}

extension Reply {
  /// The `ref` without its quotes.
  var name: String { ref.map { String(decoding: $0.json.dropFirst().dropLast(), as: UTF8.self) } ?? "" }
}

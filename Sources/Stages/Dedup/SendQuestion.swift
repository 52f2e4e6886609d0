import Services
import Synchronization

/// What the shared state was asked about sends, in one call: its answer, or who waits for it.
final class SendQuestion: Sendable {
  /// One answer a key in the order of the keys, `nil` where nothing is known of a send; or why there is none.
  typealias Answer = Result<[SentMessage?], StateError>

  private enum State {
    case open([@Sendable () -> Void])
    case answered(Answer)
  }

  private let state = Mutex(State.open([]))

  /// Asks about sends.
  init(about keys: [SendKey], of shared: any SharedState) {
    shared.recall(keys) { [self] in take($0) }
  }

  /// The answer; `nil` while there is none.
  var answer: Answer? {
    state.withLock { if case .answered(let answer) = $0 { answer } else { nil } }
  }

  /// Calls `then` when all of `questions` have been answered: before it returns where they have been already, else from
  /// any thread.
  static func whenAnswered(_ questions: ArraySlice<SendQuestion>, _ then: @escaping @Sendable () -> Void) {
    // Those that have been answered are passed over in a loop: there may be thousands, too many for as many nested calls.
    guard let open = questions.firstIndex(where: { $0.answer == nil }) else { return then() }
    let rest = questions[(open + 1)...]
    questions[open].whenAnswered { whenAnswered(rest, then) }
  }

  private func whenAnswered(_ then: @escaping @Sendable () -> Void) {
    let isAnswered = state.withLock { state in
      guard case .open(let waiting) = state else { return true }
      state = .open(waiting + [then])
      return false
    }
    if isAnswered { then() }
  }

  private func take(_ answer: Answer) {
    let waiting = state.withLock { state in
      defer { state = .answered(answer) }
      return if case .open(let waiting) = state { waiting } else { [] as [@Sendable () -> Void] }
    }
    for then in waiting { then() }
  }
}

import Logging
import Pipeline
import Services

/// Commits what waits for one of the writing connections, as one transaction in one trip. Confined to its thread.
///
/// One transaction at a time is under way, so what comes later never overtakes one that has to be made again.
final class Writer {
  private static let attempts = 5

  private let link: PostgresLink
  private let batchLimit: Int
  private let clock: EngineClock
  private let horizon: FeedHorizon
  private let ledger: Ledger
  private let unknown: UnknownWatch
  private let logger: Logger

  init(
    _ link: PostgresLink, batchLimit: Int, clock: EngineClock, horizon: FeedHorizon, ledger: Ledger,
    unknown: UnknownWatch, logger: Logger
  ) {
    self.unknown = unknown
    self.link = link
    self.batchLimit = batchLimit
    self.clock = clock
    self.horizon = horizon
    self.ledger = ledger
    self.logger = logger
  }

  /// Makes the changes of all submissions, then tells each what became of its own. With none, looks after the
  /// connection.
  func commit(_ submissions: [Submission]) {
    link.lookAfter()
    var group: [Submission] = []
    var (size, slots) = (0, 0)
    for submission in submissions {
      let (weight, needs) = (submission.weight, submission.slots)
      if !group.isEmpty, size + weight > batchLimit || slots + needs > Slots.limit {
        commitGroup(group)
        group = []
        (size, slots) = (0, 0)
      }
      group.append(submission)
      size += weight
      slots += needs
    }
    if !group.isEmpty { commitGroup(group) }
  }

  private func commitGroup(_ group: [Submission]) {
    var messages: [MessageID] = []
    for submission in group {
      submission.forEach { if case .message(let message, _) = $0 { messages.append(message.id) } }
    }
    horizon.underWay(messages)
    let outcome = make(group)
    horizon.begin(outcome.positions)
    horizon.answered(messages)
    var start = 0
    for submission in group {
      let end = start + submission.count
      submission.then(outcome.results[start..<end])
      start = end
    }
  }

  private func make(_ group: [Submission]) -> WriteOutcome {
    let plan = WritePlan(at: clock.wall()) { add in for submission in group { submission.forEach(add) } }
    return make(plan) {
      var writes: [StoreWrite] = []
      for submission in group { submission.forEach { writes.append($0) } }
      return writes[...]
    }
  }

  private func make(_ writes: ArraySlice<StoreWrite>) -> WriteOutcome {
    make(WritePlan(writes, at: clock.wall())) { writes }
  }

  /// Makes changes in one transaction or, where one of them is at fault, in halves.
  ///
  /// - Parameter writes: Gives the changes, which the plan does not keep: few have to be halved.
  private func make(_ plan: WritePlan, of writes: () -> ArraySlice<StoreWrite>) -> WriteOutcome {
    var attempt = 1
    while true {
      guard let connection = link.connection else {
        return plan.outcome(of: .unavailable("the database can't be reached"))
      }
      do throws(PostgresError) {
        let statements = plan.statements
        let answers = statements.isEmpty ? [] : try connection.run(statements)
        ledger.committed(writes: plan.count)
        return plan.outcome(answers)
      } catch {
        ledger.failed()
        switch error.remedy {
        case .tryAgain where attempt < Self.attempts: attempt += 1
        case .makeApart where plan.count > 1:
          let writes = writes()
          let middle = writes.startIndex + writes.count / 2
          return make(writes[..<middle]) + make(writes[middle...])
        case .makeApart:
          logger.warning("a change was refused by the database", metadata: ["error": "\(error)"])
          return plan.outcome(of: .unavailable(error.description))
        case .reconnect:
          // The answer is lost, which does not say that the transaction is.
          link.lost(error)
          unknown.tell()
          return plan.outcome(of: .unknown(error.description))
        case .tryAgain, .giveUp:
          logger.error("a transaction failed; its changes were refused", metadata: ["error": "\(error)"])
          return plan.outcome(of: .unavailable(error.description))
        }
      }
    }
  }
}

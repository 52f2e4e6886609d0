import Logging
import Pipeline
import Services

/// What is told of each attempt: a line of log, the figures and, where a push is lost, a dead letter. No token and nothing
/// of a message is in any of them.
struct PushReport: Sendable {
  let service: String
  let node: String
  let book: PushBook?
  let clock: EngineClock
  let logger: Logger

  /// Changes the service's figures.
  func note(_ change: (inout PushFigures) -> Void) { book?.note(service, change) }

  /// Counts an attempt, and what is done about it.
  func count(_ job: PushJob, _ answer: PushAnswer, _ settlement: PushSettlement, isPaused: Bool) {
    note { figures in
      figures.attempts[answer.reason.rawValue, default: 0] += 1
      figures.isPaused = isPaused
      switch settlement.outcome {
      case .retry: figures.retries += 1
      case .lost: figures.deadLetters += 1
      case .deviceGone: figures.devicesDropped += 1
      case .deviceQuarantined: figures.devicesQuarantined += 1
      case .done:
        figures.latency.record(UInt64(max(0, clock.wall().milliseconds - job.due.milliseconds)) * 1_000_000)
      case .release: break
      }
    }
  }

  /// Tells of an attempt, the louder the more somebody has to do about it.
  func log(_ job: PushJob, _ answer: PushAnswer, _ settlement: PushSettlement, took: Duration) {
    let level: Logger.Level
    switch settlement.outcome {
    case .done: level = .debug
    case .retry where !answer.isAlarming: level = .info
    case .deviceGone: level = .notice
    default: level = answer.isAlarming ? .error : .warning
    }
    var facts: Logger.Metadata = [
      "messageId": "\(job.id.messageID)", "result": "\(answer.reason.rawValue)",
      "attempt": "\(job.attempts + 1)", "took": "\(took.wholeMilliseconds)ms",
      "outcome": "\(settlement.word)",
    ]
    if !answer.detail.isEmpty { facts["detail"] = "\(answer.detail)" }
    if let pause = settlement.pause { facts["again"] = "\(pause.wholeMilliseconds)ms" }
    logger.log(level: level, "push", metadata: facts)
  }

  /// What an operator finds of a push that was lost: who it was for, and nothing that was said. `nil` of all others.
  func letter(of job: PushJob, _ answer: PushAnswer, _ settlement: PushSettlement) -> DeadLetter? {
    guard let loss = settlement.loss else { return nil }
    var data = JSONObjectWriter()
    data.member("receiverId", job.receiverID)
    let last = loss == answer.reason ? "" : " after \(answer.reason.rawValue)"
    let detail = answer.detail.isEmpty ? "" : ": \(answer.detail)"
    return DeadLetter(
      at: clock.wall(), type: EventType.newMessage.rawValue, userID: job.senderID, userName: job.senderName,
      data: data.finish(), stage: service, error: "push \(loss.rawValue)\(last)\(detail)", revision: 0,
      node: node, isStored: true, messageID: job.id.messageID)
  }
}

extension PushSettlement {
  /// The outcome in a word, for the log.
  fileprivate var word: String {
    switch outcome {
    case .done: "sent"
    case .lost: "dead letter"
    case .retry: "again"
    case .release: "given back"
    case .deviceGone: "token dropped"
    case .deviceQuarantined: "token quarantined"
    }
  }
}

import Pipeline
import Services

/// What is done about a job after an attempt: pure, so that its table can be tested.
struct PushSettlement: Equatable {
  /// What the outbox is told.
  let outcome: PushOutcome
  /// Why the push is lost, where it is, and an operator may want to know.
  let loss: PushAnswer.Reason?
  /// How long until it is tried again, where it is.
  let pause: Duration?

  /// - Parameter luck: From 0 to 1.
  init(_ answer: PushAnswer, _ job: PushJob, _ backoff: PushBackoff, at now: Timestamp, luck: Double) {
    switch answer.meaning {
    case .sent: (outcome, loss, pause) = (.done, nil, nil)
    case .deviceGone: (outcome, loss, pause) = (.deviceGone, nil, nil)
    case .deviceRefused: (outcome, loss, pause) = (.deviceQuarantined, nil, nil)
    case .refused: (outcome, loss, pause) = (.lost, answer.reason, nil)
    case .later(let delay):
      let wait = backoff.pause(delay, attempts: job.attempts, luck: luck)
      let next = now + wait
      guard next < backoff.end(of: job.id.messageID.timestamp) else {
        (outcome, loss, pause) = (.lost, .expired, nil)
        return
      }
      (outcome, loss, pause) = (.retry(at: next), nil, wait)
    }
  }
}

public import Pipeline
import Services

/// Refuses events that come too fast, by the generic cell rate algorithm, whose debts live in the shared state.
///
/// All events of a batch are charged in one call. Where a type has a limit of its own, the event has to pass both;
/// what one of them refuses still counts for the other.
public struct RateLimit: DeferringStage {
  /// The name in `pipeline.yaml`.
  public static let name = "rate_limit"
  /// What the stage does, in a line.
  public static let summary = "refuses events that come too fast, per user or address and per event type"
  /// The keys of its configuration.
  public static let options = RateLimitConfiguration.options
  /// What clients send, connecting, and calls over HTTP, of which those that only read cost nothing.
  public static let events: EventFilter = .client(and: .connect, .query)
  /// Fails open: without the shared state, events pass uncounted.
  public static let onError: FaultPolicy = .skip

  private let limits: RateLimits
  private let state: any SharedState

  /// Needs identity where it limits users.
  public static func requirements(_ configuration: RateLimitConfiguration) -> Requirements {
    Requirements(needs: configuration.by == .ip ? [] : [.identity])
  }

  /// Reports a burst out of range, and limits for types that are never counted.
  public static func check(_ configuration: RateLimitConfiguration, _ report: inout ConfigurationReport) {
    configuration.check(&report)
  }

  /// Starts the stage.
  ///
  /// - Throws: `StageStartError` where there is no shared state.
  public init(_ configuration: RateLimitConfiguration, _ context: StageContext) throws {
    limits = RateLimits(configuration, name: context.name)
    state = try context.sharedState
  }

  /// Charges all events in one call and rejects what a limit refuses with `RATE_LIMITED`.
  public func process(_ batch: EventBatch, done: @escaping @Sendable (EventBatch) -> Void) {
    var requests: [AdmissionRequest] = []
    requests.reserveCapacity(batch.count)
    let questions = batch.indices.map { limits.ask(about: batch[$0], &requests) }
    guard !requests.isEmpty else { return done(batch) }
    state.admit(requests) { result in
      var batch = batch
      switch result {
      case .success(let admissions): Self.decide(&batch, questions, admissions)
      case .failure(let error): batch.failAll(error)
      }
      done(batch)
    }
  }

  /// Rejects what a limit refused, with the longest of its waits; `questions` tells how many answers each event has.
  private static func decide(_ batch: inout EventBatch, _ questions: [Int], _ admissions: [Admission]) {
    var next = 0
    for index in batch.indices {
      let answers = admissions[next..<next + questions[index]]
      next += questions[index]
      let waits = answers.compactMap { answer -> Duration? in
        if case .refused(let retryAfter) = answer { retryAfter } else { nil }
      }
      if let wait = waits.max() {
        batch.reject(.rateLimited, "too many events; send this one again later", retryAfter: wait, at: index)
      }
    }
  }
}

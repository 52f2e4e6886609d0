/// Hears what an engine would tell the operator. Called on the engine's thread; it must not block.
public protocol EngineObserver: Sendable {
  /// A stage, or the engine itself where `stage` is `nil`, has rejected an event.
  func rejected(_ event: Event, _ rejection: Rejection)

  /// A stage has failed on an event.
  ///
  /// - Parameters:
  ///   - policy: What became of the event.
  ///   - committed: Whether the event is stored, so that only an effect of it is missing.
  func faulted(_ event: Event, stage: String, error: any Error, policy: FaultPolicy, committed: Bool)

  /// A stage that is not obeyed on an event would have stopped or rejected it.
  func unobeyed(_ event: Event, stage: String, _ verdict: StageDecision.Verdict)

  /// A stage has given back events that nobody waits for, so that they were ignored: it did so twice, or after its time
  /// was up.
  func gaveBackInVain(stage: String)

  /// A stage that runs on the loop has kept it for so many nanoseconds: too long, since nothing else happened there.
  func heldLoop(stage: String, elapsed: UInt64)

  /// An event is to be kept for the operator, since a stage has failed on it.
  func setAside(_ event: Event, _ reason: DeadLetterReason)
}

extension EngineObserver {
  /// Not interested.
  public func unobeyed(_ event: Event, stage: String, _ verdict: StageDecision.Verdict) {}
  /// Not interested.
  public func gaveBackInVain(stage: String) {}
  /// Not interested.
  public func heldLoop(stage: String, elapsed: UInt64) {}
  /// Keeps nothing.
  public func setAside(_ event: Event, _ reason: DeadLetterReason) {}
}

/// Why an event is a dead letter.
public struct DeadLetterReason: Sendable {
  /// The stage that failed, by its name in the chain.
  public let stage: String
  /// How it failed.
  public let error: any Error
  /// The generation of the chain.
  public let revision: Int
  /// Whether the event is stored, so that only this stage's effect is missing.
  public let isCommitted: Bool
}

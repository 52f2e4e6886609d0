/// Sees events pass: what each stage says of them, and how they end. Called on the engine's thread; it must not block.
public protocol EngineTap: Sendable {
  /// A stage has decided about an event.
  func decided(_ event: Event, _ decision: StageDecision)

  /// An event has ended.
  ///
  /// - Parameters:
  ///   - rejection: Why it was not taken, where it was not.
  ///   - answer: What its sender is told; `nil` where nobody waits for it.
  ///   - elapsed: How long it was in the chain, in nanoseconds.
  func ended(
    _ event: Event, rejection: Rejection?, answer: OutgoingEvent?, elapsed: UInt64, revision: Int)
}

/// What a stage has said of one event.
public struct StageDecision: Sendable {
  /// What may be said.
  public enum Verdict: Sendable {
    /// On to the next stage.
    case `continue`
    /// Done.
    case stop
    /// Not taken.
    case reject(Rejection)
    /// The stage failed.
    case fault(any Error)
  }

  /// The stage's name in the chain.
  public let stage: String
  /// What it said.
  public let verdict: Verdict
  /// Whether that counts: see ``Enforcement``.
  public let isObeyed: Bool
  /// How long the event was in the stage, in nanoseconds; for a stage on the loop, the time that its batch took.
  public let elapsed: UInt64
  /// The generation of the chain.
  public let revision: Int
}

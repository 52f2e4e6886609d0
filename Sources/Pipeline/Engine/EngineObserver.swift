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
}

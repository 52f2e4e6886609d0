public import Pipeline
public import Services

/// A shared state that is away: it answers everything at once, and nothing with what was asked for.
public final class FailingState: SharedState {
  public let answersAtOnce = true
  private let error = StateError("the state is away")

  /// A state that is away.
  public init() {}

  public func admit(
    _ requests: [AdmissionRequest], then: @escaping @Sendable (Result<[Admission], StateError>) -> Void
  ) { then(.failure(error)) }

  public func recall(
    _ keys: [SendKey], then: @escaping @Sendable (Result<[SentMessage?], StateError>) -> Void
  ) { then(.failure(error)) }

  public func remember(_ sends: [(key: SendKey, message: SentMessage)], for window: Duration) {}

  public func arrive(
    _ user: String, device: ConnectionID, limit: Int,
    then: @escaping @Sendable (Result<Arrival, StateError>) -> Void
  ) { then(.failure(error)) }

  public func depart(
    _ user: String, device: ConnectionID, then: @escaping @Sendable (Result<Bool, StateError>) -> Void
  ) { then(.failure(error)) }

  public func lapse(
    _ user: String, after grace: Duration,
    then: @escaping @Sendable (Result<Timestamp?, StateError>) -> Void
  ) { then(.failure(error)) }

  public func presence(
    of users: [String], then: @escaping @Sendable (Result<[PresenceRecord], StateError>) -> Void
  ) { then(.failure(error)) }

  public func watchAbandoned(_ handler: @escaping @Sendable ([String]) -> Void) {}

  public func ready(then: @escaping @Sendable (String?) -> Void) { then(error.description) }

  public func close() async {}
}

public import Pipeline
public import Services
import Synchronization

/// The shared state of a node that is alone: in memory, gone with the process.
///
/// Callable from any thread; answers before the call returns. Each table is behind a lock of its own, held for one
/// batch at a time.
public final class MemoryState: SharedState {
  /// How much is kept at most.
  public struct Bounds: Sendable {
    /// Debts of rate limits.
    public var limits: Int
    /// Remembered sends.
    public var sends: Int
    /// Users who are offline and whose last sign of life is kept.
    public var lastSeen: Int

    /// Bounds for a node with some ten thousand users at a time.
    public init(limits: Int = 1_000_000, sends: Int = 500_000, lastSeen: Int = 1_000_000) {
      self.limits = limits
      self.sends = sends
      self.lastSeen = lastSeen
    }
  }

  private let clock: EngineClock
  private let limits: Mutex<LimitTable>
  private let sends: Mutex<SendMemory>
  private let presence: Mutex<PresenceTable>

  /// It does.
  public let answersAtOnce = true

  /// An empty state.
  public init(clock: EngineClock = .system, bounds: Bounds = Bounds()) {
    self.clock = clock
    limits = Mutex(LimitTable(limit: bounds.limits))
    sends = Mutex(SendMemory(limit: bounds.sends))
    presence = Mutex(PresenceTable(limit: bounds.lastSeen))
  }

  public func admit(
    _ requests: [AdmissionRequest], then: @escaping @Sendable (Result<[Admission], StateError>) -> Void
  ) {
    let now = clock.monotonic()
    then(.success(limits.withLock { table in requests.map { table.charge($0, at: now) } }))
  }

  public func recall(
    _ keys: [SendKey], then: @escaping @Sendable (Result<[SentMessage?], StateError>) -> Void
  ) {
    let now = clock.monotonic()
    then(.success(sends.withLock { table in keys.map { table.recall($0, at: now) } }))
  }

  public func remember(_ sends: [(key: SendKey, message: SentMessage)], for window: Duration) {
    let now = clock.monotonic()
    let expires = now + UInt64(max(0, window.wholeNanoseconds))
    self.sends.withLock { table in
      for send in sends { table.remember(send.key, send.message, until: expires, at: now) }
    }
  }

  public func arrive(
    _ user: String, device: ConnectionID, limit: Int,
    then: @escaping @Sendable (Result<Arrival, StateError>) -> Void
  ) {
    then(.success(Arrival(cameOnline: presence.withLock { $0.arrive(user, device) })))
  }

  public func depart(
    _ user: String, device: ConnectionID, then: @escaping @Sendable (Result<Bool, StateError>) -> Void
  ) {
    let (monotonic, wall) = (clock.monotonic(), clock.wall())
    then(.success(presence.withLock { $0.depart(user, device, monotonic: monotonic, wall: wall) }))
  }

  public func lapse(
    _ user: String, after grace: Duration, then: @escaping @Sendable (Result<Timestamp?, StateError>) -> Void
  ) {
    let now = clock.monotonic()
    let nanoseconds = UInt64(max(0, grace.wholeNanoseconds))
    then(.success(presence.withLock { $0.lapse(user, after: nanoseconds, monotonic: now) }))
  }

  public func presence(
    of users: [String], then: @escaping @Sendable (Result<[PresenceRecord], StateError>) -> Void
  ) {
    let wall = clock.wall()
    then(.success(presence.withLock { table in users.map { table.record(of: $0, wall: wall) } }))
  }

  /// A node that is alone has no other that could die.
  public func watchAbandoned(_ handler: @escaping @Sendable ([String]) -> Void) {}

  public func ready(then: @escaping @Sendable (String?) -> Void) { then(nil) }

  public func close() async {}
}

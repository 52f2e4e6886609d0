public import Pipeline
import Synchronization

/// What is known of the pushes of one service, for metrics.
public struct PushFigures: Sendable, Equatable {
  /// Attempts to send, by what came of them: one of a fixed few words.
  public var attempts: [String: UInt64] = [:]
  /// Attempts that are to be made again.
  public var retries: UInt64 = 0
  /// Pushes that were given up, and kept as dead letters.
  public var deadLetters: UInt64 = 0
  /// Device tokens that were dropped.
  public var devicesDropped: UInt64 = 0
  /// Device tokens to which nothing is sent until they are registered again.
  public var devicesQuarantined: UInt64 = 0
  /// Pushes that are being sent.
  public var underWay = 0
  /// Whether nothing is sent for a while, since the service is unwell.
  public var isPaused = false
  /// What waits in the outbox, as it was last looked at.
  public var backlog: PushBacklog?
  /// How long it took from when pushes were due until they were sent.
  public var latency = Histogram()

  /// Nothing counted yet.
  public init() {}
}

/// The figures of all push services of this process, by the names that their stages have.
public final class PushBook: Sendable {
  private let figures = Mutex<[String: PushFigures]>([:])

  /// An empty book.
  public init() {}

  /// The figures, in the order of the names.
  public var all: [(service: String, figures: PushFigures)] {
    figures.withLock { $0 }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// Changes the figures of a service.
  public func note(_ service: String, _ change: (inout PushFigures) -> Void) {
    figures.withLock { change(&$0[service, default: PushFigures()]) }
  }
}

/// The key under which stages find the book of pushes.
public enum PushBookKey: ServiceKey {
  /// The book.
  public typealias Service = PushBook
}

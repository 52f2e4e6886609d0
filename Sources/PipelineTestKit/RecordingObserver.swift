public import Pipeline
import Synchronization

/// An observer that keeps what it hears.
public final class RecordingObserver: EngineObserver {
  private let heardRejections = Mutex<[Rejection]>([])
  private let heardFaults = Mutex<[String]>([])

  /// An observer that has heard nothing.
  public init() {}

  /// The rejections so far.
  public var rejections: [Rejection] { heardRejections.withLock { $0 } }

  /// The faults so far: `stage: error`.
  public var faults: [String] { heardFaults.withLock { $0 } }

  /// Keeps a rejection.
  public func rejected(_ event: Event, _ rejection: Rejection) {
    heardRejections.withLock { $0.append(rejection) }
  }

  /// Keeps a fault.
  public func faulted(
    _ event: Event, stage: String, error: any Error, policy: FaultPolicy, committed: Bool
  ) {
    heardFaults.withLock { $0.append("\(stage): \(error)") }
  }
}

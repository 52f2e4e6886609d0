public import Pipeline
import Synchronization

/// An observer that keeps what it hears.
public final class RecordingObserver: EngineObserver {
  private let heardRejections = Mutex<[Rejection]>([])
  private let heardFaults = Mutex<[String]>([])
  private let heardUnobeyed = Mutex<[String]>([])
  private let kept = Mutex<[String]>([])
  private let heardHolds = Mutex<[String]>([])
  private let heardInVain = Mutex<[String]>([])

  /// An observer that has heard nothing.
  public init() {}

  /// The rejections so far.
  public var rejections: [Rejection] { heardRejections.withLock { $0 } }

  /// The faults so far: `stage: error`.
  public var faults: [String] { heardFaults.withLock { $0 } }

  /// What stages said that are not obeyed: `stage: CODE`, or `stage: stop`.
  public var unobeyed: [String] { heardUnobeyed.withLock { $0 } }

  /// The events that were set aside: `TYPE stage error revision committed`.
  public var setAside: [String] { kept.withLock { $0 } }

  /// Stages that kept the loop for too long: `stage: 120 ms`.
  public var holds: [String] { heardHolds.withLock { $0 } }

  /// Stages that gave back events that nobody waited for.
  public var inVain: [String] { heardInVain.withLock { $0 } }

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

  /// Keeps what a stage said that is not obeyed.
  public func unobeyed(_ event: Event, stage: String, _ verdict: StageDecision.Verdict) {
    var said = "stop"
    if case .reject(let rejection) = verdict { said = rejection.code.rawValue }
    heardUnobeyed.withLock { $0.append("\(stage): \(said)") }
  }

  /// Keeps who gave back events that nobody waited for.
  public func gaveBackInVain(stage: String) { heardInVain.withLock { $0.append(stage) } }

  /// Keeps who kept the loop.
  public func heldLoop(stage: String, elapsed: UInt64) {
    heardHolds.withLock { $0.append("\(stage): \(elapsed / 1_000_000) ms") }
  }

  /// Keeps what is to be set aside.
  public func setAside(_ event: Event, _ reason: DeadLetterReason) {
    kept.withLock {
      $0.append("\(event.type) \(reason.stage) \(reason.error) \(reason.revision) \(reason.isCommitted)")
    }
  }
}

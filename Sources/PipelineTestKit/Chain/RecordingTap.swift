public import Pipeline
import Synchronization

/// A tap that keeps what stages have said.
public final class RecordingTap: EngineTap {
  private let heard = Mutex<[StageDecision]>([])

  /// A tap that has seen nothing.
  public init() {}

  /// What stages have said so far, event by event.
  public var decisions: [StageDecision] { heard.withLock { $0 } }

  /// Keeps what a stage has said of an event.
  public func decided(_ event: Event, _ decision: StageDecision) { heard.withLock { $0.append(decision) } }

  /// Not interested.
  public func ended(
    _ event: Event, rejection: Rejection?, answer: OutgoingEvent?, elapsed: UInt64, revision: Int
  ) {}
}

extension StageDecision: CustomStringConvertible {
  /// `stage: continue`, `stage: stop`, `stage: reject CODE` or `stage: fault ERROR`.
  public var description: String {
    switch verdict {
    case .continue: "\(stage): continue"
    case .stop: "\(stage): stop"
    case .reject(let rejection): "\(stage): reject \(rejection.code)"
    case .fault(let error): "\(stage): fault \(error)"
    }
  }
}

public import Pipeline
import Synchronization

/// What stages count of their own, for `/metrics`: one for the process, so that figures outlive reloads.
///
/// Callable from any thread. A metric is asked for once, when the stage starts; asking again gives the same one.
public final class StageMetrics: Sendable {
  /// How many metrics there may be, of all stages together.
  public static let limit = 1000

  /// What `/metrics` has of every stage already.
  private static let taken: Set<String> = ["events", "unobeyed", "timeouts", "seconds"]

  private struct Key: Hashable {
    let stage: String
    let name: String
  }

  private let metrics = Mutex<[Key: StageMetric]>([:])

  /// Without any metric.
  public init() {}

  /// A metric of a stage.
  ///
  /// - Throws: `StageStartError` where the name can't be one, is that of another kind already, or there are too many.
  func metric(_ name: String, _ help: String, _ kind: StageMetric.Kind, of stage: String) throws
    -> StageMetric
  {
    guard (1...64).contains(name.utf8.count), name.utf8.allSatisfy(Self.isNameByte),
      name.utf8.first.map({ $0 >= UInt8(ascii: "a") }) == true
    else { throw StageStartError("a metric's name is of a-z, 0-9 and _, at most 64 of them: '\(name)'") }
    guard !Self.taken.contains(name) else {
      throw StageStartError("every stage has a metric '\(name)' already")
    }
    guard !help.isEmpty, help.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\\") }) else {
      throw StageStartError("the metric '\(name)' wants a line that says what it counts")
    }
    return try metrics.withLock { metrics in
      let key = Key(stage: stage, name: name)
      if let known = metrics[key] {
        guard known.kind == kind else {
          throw StageStartError("the metric '\(name)' is a \(known.kind) already")
        }
        return known
      }
      let sameName = metrics.values.first { $0.name == name }
      guard sameName.map({ $0.kind == kind }) ?? true else {
        throw StageStartError("another stage has a metric '\(name)' of another kind")
      }
      guard metrics.count < Self.limit else {
        throw StageStartError("there are \(Self.limit) metrics already")
      }
      // Prometheus has one description a name, whichever stage gave it first.
      let metric = StageMetric(name, sameName?.help ?? help, kind, stage: stage)
      metrics[key] = metric
      return metric
    }
  }

  /// All metrics, those of a name together.
  public var all: [StageMetric] {
    metrics.withLock { Array($0.values) }.sorted { ($0.name, $0.stage) < ($1.name, $1.stage) }
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
    default: false
    }
  }
}

/// One figure of a stage. Callable from any thread, for the price of an atomic addition.
public final class StageMetric: Sendable {
  /// What becomes of the value over time.
  public enum Kind: String, Sendable {
    /// It only rises: events, bytes, failures.
    case counter
    /// It rises and falls: what waits, what is open.
    case gauge
  }

  /// Its name, without what the daemon puts around it.
  public let name: String
  /// What it counts, in a line.
  public let help: String
  /// What becomes of it.
  public let kind: Kind
  /// The stage that counts, by its name in the chain.
  public let stage: String
  private let current = Atomic<Int>(0)

  init(_ name: String, _ help: String, _ kind: Kind, stage: String) {
    self.name = name
    self.help = help
    self.kind = kind
    self.stage = stage
  }

  /// The value.
  public var value: Int { current.load(ordering: .relaxed) }

  /// Adds to the value; of a counter nothing is ever taken away.
  public func add(_ amount: Int = 1) {
    guard kind == .gauge || amount > 0 else { return }
    current.wrappingAdd(amount, ordering: .relaxed)
  }

  /// Sets a gauge; a counter stays as it is.
  public func set(_ value: Int) {
    if kind == .gauge { current.store(value, ordering: .relaxed) }
  }
}

/// The key under which stages find what they count.
public enum StageMetricsKey: ServiceKey {
  /// The figures of all stages.
  public typealias Service = StageMetrics
}

extension StageContext {
  /// A counter of this stage's own: `/metrics` has it as `sluice_stage_NAME_total{stage="…"}`.
  ///
  /// - Parameters:
  ///   - name: Of a-z, 0-9 and `_`: `words_found`.
  ///   - help: What it counts, in a line.
  /// - Throws: `StageStartError` where this process has no metrics, or the name can't be one.
  public func counter(_ name: String, _ help: String) throws -> StageMetric {
    try require(StageMetricsKey.self).metric(name, help, .counter, of: self.name)
  }

  /// A gauge of this stage's own: `/metrics` has it as `sluice_stage_NAME{stage="…"}`.
  ///
  /// - Parameters:
  ///   - name: Of a-z, 0-9 and `_`, with its unit last: `queue_bytes`.
  ///   - help: What it tells, in a line.
  /// - Throws: `StageStartError` where this process has no metrics, or the name can't be one.
  public func gauge(_ name: String, _ help: String) throws -> StageMetric {
    try require(StageMetricsKey.self).metric(name, help, .gauge, of: self.name)
  }
}

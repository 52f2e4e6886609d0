import Pipeline

/// What a load has found, for people and as JSON.
protocol BenchFindings: Sendable {
  /// Whether all is as it must be.
  var isSound: Bool { get }

  var lines: [String] { get }

  /// Adds members; times in milliseconds, rates a second.
  func write(to object: inout JSONObjectWriter)
}

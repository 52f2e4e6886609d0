import Services

/// What became of a batch of changes.
struct WriteOutcome {
  /// Of each change, in their order.
  var results: [WriteResult]
  /// The places in the feed that the changes took, in rising order.
  var positions: [Position] = []

  static func + (one: WriteOutcome, other: WriteOutcome) -> WriteOutcome {
    WriteOutcome(results: one.results + other.results, positions: one.positions + other.positions)
  }
}

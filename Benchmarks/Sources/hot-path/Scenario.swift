/// Work of one kind, done in rounds that cost the same.
@MainActor protocol Scenario {
  /// What it is called on the command line and in the file of thresholds.
  static var name: String { get }
  /// How many events a round has: what is counted is counted for each.
  static var eventsPerRound: Int { get }

  /// Makes the work ready.
  init() throws

  /// Does one round.
  ///
  /// - Returns: How many events of it have been dealt with.
  mutating func round() throws -> Int
}

/// All that are counted.
@MainActor let scenarios: [any Scenario.Type] = [
  Messages.self, SingleMessages.self, Receipts.self, Pings.self, Batches.self, SingleEvents.self, Frames.self,
  FanOut.self,
]

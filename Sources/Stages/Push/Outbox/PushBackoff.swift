import Pipeline

/// When a push that was not taken is tried again: pure, so that its table can be tested.
struct PushBackoff: Sendable, Equatable {
  /// The first pause where the service says nothing.
  var first: Duration
  /// How long a push may be tried at all, from the message's own time.
  var lifetime: Duration

  /// The first pause where there is too much, or somebody has to mend something.
  static let throttledFirst = Duration.seconds(60)
  /// The longest pause.
  static let most = Duration.seconds(3600)

  /// When the push of a message ends.
  func end(of message: Timestamp) -> Timestamp { message + lifetime }

  /// The pause after an attempt.
  ///
  /// - Parameters:
  ///   - attempts: How many have failed before.
  ///   - luck: From 0 to 1, so that what failed together does not come back together.
  func pause(_ delay: PushAnswer.Delay, attempts: Int, luck: Double) -> Duration {
    switch delay {
    case .throttled(let told?), .unavailable(let told?):
      // Never before it was told; a little later, so that not all come at once.
      return told + min(told, .seconds(10)) * (luck * 0.1)
    case .throttled(nil), .broken: return grown(Self.throttledFirst, attempts, luck)
    case .unavailable(nil): return grown(first, attempts, luck)
    }
  }

  /// Doubled with each attempt; between that and half more by chance.
  private func grown(_ first: Duration, _ attempts: Int, _ luck: Double) -> Duration {
    let doubled = first * Double(1 << min(max(attempts, 0), 16))
    return min(doubled, max(Self.most, first)) * (1 + luck * 0.5)
  }
}

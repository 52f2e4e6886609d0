import Logging
import Synchronization

/// The least level that is logged, shared by all handlers: what is set here holds at once for every copy of a logger, unless
/// that copy was given a level of its own.
final class LogLevel: Sendable {
  private static let levels = Logger.Level.allCases
  private let isGiven: Bool
  private let current: Atomic<Int>

  /// A level that starts at `info`, or one that whoever starts the daemon has given, which no configuration changes.
  init(given: Logger.Level? = nil) {
    isGiven = given != nil
    current = Atomic(Self.index(of: given ?? .info))
  }

  /// The level in force.
  var value: Logger.Level { Self.levels[current.load(ordering: .relaxed)] }

  /// Takes the level of a configuration that is in force from now on.
  func configure(_ level: Logger.Level) {
    guard !isGiven else { return }
    current.store(Self.index(of: level), ordering: .relaxed)
  }

  private static func index(of level: Logger.Level) -> Int { levels.firstIndex(of: level) ?? 0 }
}

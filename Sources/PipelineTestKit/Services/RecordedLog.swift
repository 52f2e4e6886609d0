public import Logging
import Synchronization

/// Keeps what is logged.
public final class RecordedLog: Sendable {
  /// One line of a log.
  public struct Line: Sendable, CustomStringConvertible {
    /// How much it matters.
    public let level: Logger.Level
    /// What it says: the same words each time.
    public let message: String
    /// The facts to it, those of the logger included.
    public let metadata: [String: String]

    /// `level message key=value …`, the facts in the order of their names.
    public var description: String {
      ([level.rawValue, message] + metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
        .joined(separator: " ")
    }
  }

  private let kept = Mutex<[Line]>([])

  /// An empty log.
  public init() {}

  /// What has been logged so far.
  public var lines: [Line] { kept.withLock { $0 } }

  /// A logger of every level that writes here.
  public var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

  private struct Handler: LogHandler {
    let log: RecordedLog
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    init(log: RecordedLog) { self.log = log }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let facts = metadata.merging(event.metadata ?? [:]) { $1 }.mapValues { "\($0)" }
      let line = Line(level: event.level, message: "\(event.message)", metadata: facts)
      log.kept.withLock { $0.append(line) }
    }
  }
}

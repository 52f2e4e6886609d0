import Glibc
import Logging

/// Makes the handlers of the process's loggers: of fields where standard error goes to the journal, of lines elsewhere. All of
/// them share one level.
struct LogHandlers: Sendable {
  /// The level that all handlers share.
  let level: LogLevel
  private let journal: JournalSocket?

  /// Looks where standard error goes.
  ///
  /// - Parameters:
  ///   - environment: Its `JOURNAL_STREAM` says which file is a stream of the journal.
  ///   - standardError: The descriptor to judge, and to write to while the journal can't be reached.
  ///   - journalPath: Where the journal takes datagrams.
  init(
    level: LogLevel = LogLevel(), environment: [String: String], standardError: Int32 = STDERR_FILENO,
    journalPath: String = JournalSocket.standardPath
  ) {
    self.level = level
    journal =
      JournalSocket.reads(standardError, environment: environment)
      ? JournalSocket(path: journalPath, standardError: standardError) : nil
  }

  /// The handler of a logger.
  func make(label: String) -> any LogHandler {
    guard let journal else { return LineLogHandler(label: label, level: level) }
    return JournalLogHandler(LineLogHandler(label: label, level: level, isForPeople: false), journal)
  }
}

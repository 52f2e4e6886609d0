import Logging

/// Writes logs to the journal: each fact is a field of its own, so that `journalctl SLUICE_STAGE=persist` finds what a stage said.
/// The message names the facts too, since it is all that `journalctl` and `systemctl status` show of an entry unless asked.
struct JournalLogHandler: LogHandler {
  private var lines: LineLogHandler
  private let journal: JournalSocket

  /// A handler with the label and the level of one for lines, which serves where the journal can't be reached.
  init(_ lines: LineLogHandler, _ journal: JournalSocket) {
    self.lines = lines
    self.journal = journal
  }

  var metadata: Logger.Metadata {
    get { lines.metadata }
    set { lines.metadata = newValue }
  }

  var logLevel: Logger.Level {
    get { lines.logLevel }
    set { lines.logLevel = newValue }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { lines[metadataKey: key] }
    set { lines[metadataKey: key] = newValue }
  }

  func log(event: LogEvent) {
    var facts = lines.facts(of: event)
    let lost = journal.takeLost()
    if lost > 0 { facts.append(("lost_lines", "\(lost)")) }
    var entry = JournalEntry()
    entry.add("MESSAGE", LineLogHandler.text(event.message, facts))
    entry.add("PRIORITY", event.level.priority)
    entry.add("SYSLOG_IDENTIFIER", "sluice")
    entry.add(JournalEntry.field(for: "logger"), lines.label)
    for (key, value) in facts { entry.add(JournalEntry.field(for: key), value.description) }
    let isTaken = journal.send(entry) { lines.line(event, facts) }
    if !isTaken { journal.addLost(lost + 1) }
  }
}

extension Logger.Level {
  /// The level as syslog(3) numbers it.
  fileprivate var priority: String {
    switch self {
    case .trace, .debug: "7"
    case .info: "6"
    case .notice: "5"
    case .warning: "4"
    case .error: "3"
    case .critical: "2"
    }
  }
}

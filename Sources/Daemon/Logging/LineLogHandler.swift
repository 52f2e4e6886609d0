import Glibc
import Logging
import Pipeline

/// Writes logs to standard error: lines for a person on a terminal, JSON for everything else.
struct LineLogHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .info
  private let label: String
  private let isForPeople: Bool

  init(label: String, isForPeople: Bool = isatty(STDERR_FILENO) == 1) {
    self.label = label
    self.isForPeople = isForPeople
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let facts = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
    let now = EngineClock.system.wall()
    var line = isForPeople ? text(event, facts, now) : json(event, facts, now)
    line.append(UInt8(ascii: "\n"))
    // One call a line, so that lines of different threads never mix.
    _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  private func text(
    _ event: LogEvent, _ facts: [(key: String, value: Logger.Metadata.Value)], _ now: Timestamp
  ) -> [UInt8] {
    var line =
      "\(now.description.dropFirst(11).dropLast()) \(event.level.rawValue.padded(to: 8)) \(event.message)"
    for (key, value) in facts { line += "  \(key)=\(value)" }
    // A line stays a line, whatever is in it.
    return Array(line.utf8.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: " ") : $0 })
  }

  private func json(
    _ event: LogEvent, _ facts: [(key: String, value: Logger.Metadata.Value)], _ now: Timestamp
  ) -> [UInt8] {
    var writer = JSONObjectWriter()
    writer.member("time", now)
    writer.member("level", event.level.rawValue)
    writer.member("logger", label)
    writer.member("message", event.message.description)
    for (key, value) in facts { writer.member(dynamic: key, value.description) }
    return writer.finish()
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}

import Glibc
import Logging
import Pipeline

/// Writes logs to standard error: lines for a person on a terminal, JSON for everything else.
struct LineLogHandler: LogHandler {
  /// What is told beside a message, by key.
  typealias Facts = [(key: String, value: Logger.Metadata.Value)]

  var metadata: Logger.Metadata = [:]
  /// The level that all handlers share, unless this one was given its own.
  var logLevel: Logger.Level {
    get { ownLevel ?? level.value }
    set { ownLevel = newValue }
  }
  let label: String
  private let level: LogLevel
  private var ownLevel: Logger.Level?
  private let isForPeople: Bool

  init(
    label: String, level: LogLevel = LogLevel(), isForPeople: Bool = isatty(STDERR_FILENO) == 1
  ) {
    self.label = label
    self.level = level
    self.isForPeople = isForPeople
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    // One call a line, so that lines of different threads never mix.
    _ = line(event, facts(of: event)).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  /// What is told beside a message, in the order of the keys.
  func facts(of event: LogEvent) -> Facts {
    metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
  }

  /// The line of an event, with its end.
  func line(_ event: LogEvent, _ facts: Facts) -> [UInt8] {
    let now = EngineClock.system.wall()
    var line = isForPeople ? text(event, facts, now) : json(event, facts, now)
    line.append(UInt8(ascii: "\n"))
    return line
  }

  /// A message and its facts as people read them. A line stays a line, whatever is in it.
  static func text(_ message: Logger.Message, _ facts: Facts) -> String {
    var text = message.description
    for (key, value) in facts { text += "  \(key)=\(value)" }
    return text.onOneLine
  }

  private func text(_ event: LogEvent, _ facts: Facts, _ now: Timestamp) -> [UInt8] {
    let time = now.description.dropFirst(11).dropLast()
    let text = Self.text(event.message, facts)
    return Array("\(time) \(event.level.rawValue.padded(to: 8)) \(text)".utf8)
  }

  private func json(_ event: LogEvent, _ facts: Facts, _ now: Timestamp) -> [UInt8] {
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
  /// The text with a space for each control character.
  var onOneLine: String {
    String(decoding: utf8.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
  }

  fileprivate func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}

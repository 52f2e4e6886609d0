import Logging
import Pipeline
import Testing

@testable import Daemon

@Suite("The log level")
struct LogLevelTests {
  @Test("A change holds at once for every copy of a logger, except where one has a level of its own")
  func isShared() {
    let level = LogLevel()
    let handlers = LogHandlers(level: level, environment: [:])
    let logger = Logger(label: "a", factory: handlers.make)
    var copy = logger
    copy[metadataKey: "stage"] = "persist"
    var loud = logger
    loud.logLevel = .trace
    let other = Logger(label: "b", factory: handlers.make)
    #expect([logger, copy, other].allSatisfy { $0.logLevel == .info })

    for name in LogLevelName.allCases {
      level.configure(name.level)
      #expect([logger, copy, other].allSatisfy { $0.logLevel == name.level })
      #expect(name.level.rawValue == name.rawValue)
    }
    #expect(loud.logLevel == .trace)
  }

  @Test("A level that was given at the start is not the configuration's to change")
  func isGiven() {
    let level = LogLevel(given: .debug)
    level.configure(.error)
    #expect(level.value == .debug)
  }

  @Test("A configuration names it, or it is info")
  func isConfigured() throws {
    #expect(try configuration("server: { log_level: warning }").logLevel == .warning)
    #expect(try configuration("server: {}").logLevel == .info)
    #expect(try configuration("version: 1").logLevel == .info)
  }

  @Test("A level that there is not is a fault at its place")
  func isChecked() throws {
    var faults: [Fault] = []
    let source = "version: 1\nserver:\n  log_level: loud\n"
    let file = try #require(ConfigurationFile(Array(source.utf8), environment: [:], &faults))
    _ = file.decode(DaemonConfiguration.self, without: "pipeline", &faults)
    #expect(faults.map(\.message) == ["'log_level' wants debug, info, notice, warning or error"])
    #expect(faults.first?.mark == Mark(line: 3, column: 14))
  }

  private func configuration(_ text: String) throws -> DaemonConfiguration {
    var faults: [Fault] = []
    let source = text.hasPrefix("version") ? text : "version: 1\n\(text)"
    let file = try #require(ConfigurationFile(Array(source.utf8), environment: [:], &faults))
    let configuration = try #require(file.decode(DaemonConfiguration.self, without: "pipeline", &faults))
    #expect(faults.isEmpty)
    return configuration
  }
}

import Pipeline
import PostgresStore
import SQLiteStore
import Testing

@testable import Daemon

@Suite struct RetentionTests {
  /// A file's configuration, and what is wrong with it.
  private func read(_ retention: String) throws -> (DaemonConfiguration, [String]) {
    var faults: [Fault] = []
    let source = Array("version: 1\nretention: \(retention)\n".utf8)
    let file = try #require(ConfigurationFile(source, environment: [:], &faults))
    let daemon = try #require(file.decode(DaemonConfiguration.self, without: "pipeline", &faults))
    faults += daemon.faults(in: file.root, at: Timestamp(milliseconds: 0))
    return (daemon, faults.map(\.message))
  }

  @Test("Both stores keep dead letters as long as the file says, and for thirty days where it does not")
  func deadLetters() throws {
    let (said, faults) = try read("{dead_letters: 2d}")
    #expect(faults.isEmpty)
    #expect(said.sqliteOptions.deadLetterRetention == .seconds(2 * 86_400))
    #expect(said.postgresOptions.deadLetterRetention == .seconds(2 * 86_400))
    let (unsaid, _) = try read("{send_keys: 2d}")
    #expect(unsaid.sqliteOptions.deadLetterRetention == .seconds(30 * 86_400))
    #expect(unsaid.postgresOptions.deadLetterRetention == .seconds(30 * 86_400))
  }

  @Test("Less than a minute is a fault")
  func tooShort() throws {
    #expect(try read("{dead_letters: 1m}").1.isEmpty)
    let (_, faults) = try read("{dead_letters: 59s}")
    #expect(faults.count == 1 && faults[0].contains("'dead_letters' is at least 1m"))
  }
}

import ArgumentParser
import Logging
import Pipeline
import SQLiteStore

/// `sluice migrate`.
struct MigrateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate", abstract: "Bring the store's schema up to date, and end.",
    discussion: """
      Example: sluice migrate --config /etc/sluice/pipeline.yaml

      `sluice serve` does the same when it starts. A store whose schema is newer than this version knows is left alone.
      """)

  @OptionGroup var options: ConfigurationOptions

  func run() async throws {
    let daemon = try options.content().daemon
    let logger = Logger(label: "sluice") { LineLogHandler(label: $0) }
    do {
      let before = try SQLiteStore.schemaVersion(of: daemon.storePath)
      let store = try SQLiteStore(path: daemon.storePath, options: daemon.storeOptions, logger: logger)
      await store.close()
      let after = SQLiteStore.newestSchemaVersion
      switch before {
      case nil: print("made \(daemon.storePath) with schema \(after)")
      case after: print("\(daemon.storePath) has schema \(after) already")
      case let before?: print("brought \(daemon.storePath) from schema \(before) to \(after)")
      }
    } catch {
      throw CommandError("\(error)")
    }
  }
}

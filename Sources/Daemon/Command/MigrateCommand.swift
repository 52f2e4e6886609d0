import ArgumentParser
import Logging
import Pipeline
import PostgresStore
import SQLiteStore
import Services

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
    let handlers = LogHandlers(environment: ProcessEnvironment.variables)
    let logger = Logger(label: "sluice", factory: handlers.make)
    do {
      let (place, before, after) =
        switch daemon.storeURL {
        case .sqlite(let path):
          (path, try SQLiteStore.schemaVersion(of: path), SQLiteStore.newestSchemaVersion)
        case .postgres(let url):
          ("the database", try PostgresStore.schemaVersion(of: url), PostgresStore.newestSchemaVersion)
        }
      let store = try Backends.store(daemon, logger: logger)
      await store.close()
      switch before {
      case nil: print("made \(place) with schema \(after)")
      case let before? where before >= after: print("\(place) has schema \(before) already")
      case let before?: print("brought \(place) from schema \(before) to \(after)")
      }
    } catch {
      throw CommandError("\(error)")
    }
  }
}

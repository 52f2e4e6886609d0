import Foundation
import Logging
import Pipeline
import SQLiteStore

/// A database in a directory of its own, which goes with it.
final class TemporaryStore: Sendable {
  private let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
  var path: String { folder.appending(path: "store.db").path }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func open(_ options: SQLiteOptions = SQLiteOptions(), clock: EngineClock = .system) throws -> SQLiteStore {
    try SQLiteStore(
      path: path, options: options, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      clock: clock)
  }
}

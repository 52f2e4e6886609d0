import Foundation
import Logging
import SQLiteStore

/// A database in a directory of its own.
struct TemporaryStore {
  let path = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)/store.db")
    .path

  func open(_ options: SQLiteOptions = SQLiteOptions()) throws -> SQLiteStore {
    try SQLiteStore(
      path: path, options: options, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }
}

import Pipeline

/// What is written down of one message.
struct AuditRow: Sendable, Equatable {
  var messageID: String
  var at: Timestamp
  var sender: String
  var receiver: String
}

/// Where rows go. Called on the stage's own thread, where it may block.
protocol AuditRows: Sendable {
  /// Writes rows, all or none; those that are there already are left alone.
  func write(_ rows: [AuditRow]) throws
  /// Gives up what is open.
  func close()
}

/// The key under which tests put rows of their own.
enum AuditRowsKey: ServiceKey {
  typealias Service = any AuditRows
}

import Pipeline
import Services

/// Writes down in PostgreSQL who has sent a message to whom and when, never what it says.
///
/// It stands behind `persist`: what it writes down is stored, and nothing that it does refuses a message. All that
/// arrived while it wrote is its next write. What can't be written is a dead letter, which the operator has replayed when
/// the database is back; a row that is there already is left alone, so that nothing is written twice.
public struct AuditLog: WorkerStage {
  public static let name = "audit_log"
  public static let summary = "writes down in PostgreSQL who has sent a message to whom and when"
  public static let options = AuditLogConfiguration.options
  public static let events: EventFilter = .only(.newMessage)
  public static let onError: FaultPolicy = .deadLetter
  /// More than connecting and writing may take together, so that it is the database that gives up first.
  public static let timeout: Duration = .seconds(30)
  public static let queueLimit = 4096

  private let rows: any AuditRows

  public static func requirements(_ configuration: AuditLogConfiguration) -> Requirements {
    Requirements(needs: [.identity, .durableID])
  }

  public static func check(_ configuration: AuditLogConfiguration, _ report: inout ConfigurationReport) {
    configuration.check(&report)
  }

  /// Connects to nothing yet: a database that is away must not keep the daemon from starting.
  public init(_ configuration: AuditLogConfiguration, _ context: StageContext) {
    rows =
      context.services[AuditRowsKey.self]
      ?? PostgresRows(configuration.database, table: configuration.tableName, clock: context.clock)
  }

  public func process(_ batch: inout EventBatch) throws {
    var written: [AuditRow] = []
    for index in batch.indices {
      let event = batch[index]
      // One that persist has found to be there already has its row.
      guard let message = event[StoredSendKey.self], let sender = event.identity?.userID else { continue }
      written.append(
        AuditRow(
          messageID: message.id.description, at: message.id.timestamp, sender: sender,
          receiver: event.data.string("receiverId") ?? ""))
    }
    if !written.isEmpty { try rows.write(written) }
  }

  public func shutDown() async { rows.close() }
}

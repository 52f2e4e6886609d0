import Pipeline

/// What the entry of ``AuditLog`` holds.
public struct AuditLogConfiguration: Decodable, Sendable {
  var database: String
  var table: String?

  static let options = [
    StageOption(
      "database", "address", default: nil, "where to write: postgres://USER:PASSWORD@HOST/DATABASE"),
    StageOption("table", "name", default: "audit_log", "the table, made where it is missing"),
  ]

  var tableName: String { table ?? "audit_log" }

  func check(_ report: inout ConfigurationReport) {
    if !database.hasPrefix("postgres://"), !database.hasPrefix("postgresql://") {
      report.error("'database' is postgres://…", key: "database")
    }
    // It stands in statements, where no parameter can.
    let letters: ClosedRange<Character> = "a"..."z"
    let isName =
      tableName.first.map(letters.contains) == true && tableName.count <= 63
      && tableName.allSatisfy { letters.contains($0) || $0 == "_" || ("0"..."9").contains($0) }
    if !isName { report.error("'table' is made of small letters, digits and '_'", key: "table") }
  }
}

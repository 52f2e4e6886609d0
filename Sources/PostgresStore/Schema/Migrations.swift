/// The steps that a database goes through, by their numbers from 1. A step once released never changes; what comes
/// later is a step of its own, which first adds and only a release later takes away, so that the daemon of the release
/// before runs on it.
enum Migrations {
  struct Step {
    let sql: String
    /// The number of the oldest step that a daemon must know to run on a database that has been through this one.
    let needs: Int
  }

  static let steps = [
    Step(sql: Migration0001.sql, needs: 1),
    Step(sql: Migration0002.sql, needs: 1),
    Step(sql: Migration0003.sql, needs: 1),
    Step(sql: Migration0004.sql, needs: 1),
    Step(sql: Migration0005.sql, needs: 1),
    Step(sql: Migration0006.sql, needs: 1),
    Step(sql: Migration0007.sql, needs: 1),
    Step(sql: Migration0008.sql, needs: 1),
    Step(sql: Migration0009.sql, needs: 1),
    Step(sql: Migration0010.sql, needs: 1),
    Step(sql: Migration0011.sql, needs: 1),
    Step(sql: Migration0012.sql, needs: 1),
  ]

  /// The schema of this version.
  static var newest: Int { steps.count }
}

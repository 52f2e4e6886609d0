public import Services

extension PostgresStore {
  /// The schema that this version writes.
  public static var newestSchemaVersion: Int { Migrations.newest }

  /// The schema that a database has; `nil` where there is none.
  ///
  /// - Throws: `StoreError` where it can't be read.
  public static func schemaVersion(of url: PostgresURL) throws(StoreError) -> Int? {
    do throws(PostgresError) {
      let version = try Schema.version(of: try PostgresConnection(url, patience: .seconds(10)))
      return version == 0 ? nil : version
    } catch { throw StoreError(error.description) }
  }

  /// What keeps a database from being used by this daemon, or is dubious about it, a line each. Changes nothing.
  public static func check(_ url: PostgresURL) -> (faults: [String], warnings: [String]) {
    do throws(PostgresError) {
      let connection = try PostgresConnection(url, patience: .seconds(10))
      try Schema.check(connection)
      let standbys = try connection.run([
        PostgresStatement("SELECT current_setting('synchronous_standby_names') <> ''")
      ])[0].bool(0, 0)
      guard url.hostCount > 1, !standbys else { return ([], []) }
      return (
        [],
        [
          "several servers are named, and no standby is waited for (synchronous_standby_names is empty): a failover"
            + " may lose what was acknowledged"
        ]
      )
    } catch { return ([error.description], []) }
  }
}
